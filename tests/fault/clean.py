#!/usr/bin/env python3
"""Is what was printed harmless to whoever reads it on a terminal?

usage: clean.py text|json|lines|screen FILE...
  text    UTF-8, lines; no other control character, nothing that acts without showing
  json    the same, and the whole file is one JSON value
  lines   the same, and every line is one
  screen  what a full-screen program wrote to a terminal: the same, once the sequences that ncurses
          uses are taken out
"""
import json
import re
import sys
import unicodedata

# Letters and marks by their category that show nothing (Default_Ignorable_Code_Point).
BLANK = {0x34f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x180c, 0x180d, 0x180f, 0x3164, 0xffa0}
CURSES = re.compile(
    r"\x1b\[\??[0-9;]*[A-MPSTXZ@bdfhlmr]"  # moves, clears, inserts, deletes, colours, modes
    r"|\x1b\]2;postroom [^\x00-\x1f\x7f]*\x07"  # the dashboard's own title
    r"|\x1b\[[0-9;]*t|\x1b\[>[0-9;]*m"
    r"|\x1b[()][B0]|\x1b[=>78M]|[\r\b\x0e\x0f]")


def acts(ch):
    return unicodedata.category(ch) in ("Cc", "Cf", "Cs", "Zl", "Zp") or ord(ch) in BLANK


def check(kind, name):
    data = open(name, "rb").read()
    text = data.decode("utf-8", "strict")
    if kind == "screen":
        text = CURSES.sub("", text)
    for ch in sorted(set(text) - {"\n"}):
        if acts(ch):
            at = text.index(ch)
            return f"U+{ord(ch):04X} in {ascii(text[max(0, at - 60):at + 60])}"
    if kind == "json":
        json.loads(text)
    elif kind == "lines":
        for line in text.splitlines():
            json.loads(line)
    return None


def main(kind, *names):
    bad = 0
    for name in names:
        try:
            found = check(kind, name)
        except ValueError as error:
            found = str(error)
        if found:
            print(f"{name}: {found}")
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
