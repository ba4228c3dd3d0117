#!/usr/bin/env python3
"""What postroom wrote into rows because of an answer: one line of text each, without control characters, and
of a bounded length. usage: texts.py FILE.jsonl..."""
import json
import re
import sys

LIMITS = {"error_code": 64, "error_message": 600, "error": 600, "provider_message_id": 127, "provider_id": 127, "what": 1000}


def main(*names):
    bad = 0
    for name in names:
        for line in open(name, encoding="utf-8"):
            row = json.loads(line)
            for column, limit in LIMITS.items():
                text = row.get(column) or ""
                if re.search(r"[\x00-\x1f\x7f-\x9f]", text) or len(text) > limit:
                    print(f"{name}: {column}: {ascii(text)[:300]}")
                    bad += 1
            if len(json.dumps(row.get("provider_response"))) > 20000:
                print(f"{name}: provider_response is too long")
                bad += 1
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
