#!/usr/bin/env bash
# --help is made from the tables the parser goes by; the manual must name all of it: every command,
# every option of each, every configuration key.
. "$(dirname "$0")/../lib/e2e.sh"

manual=$ROOT/man/postroom.1 format=$ROOT/man/postroom.conf.5

# plain FILE: roff's escaped dashes as dashes
plain() { sed 's/\\-/-/g' "$1"; }
plain "$manual" >manual.txt
plain "$format" >format.txt

run "$POSTROOM" --help
is "postroom --help" 0 "$code"
help=$out
commands=$(awk '/^commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}' <<<"$help")
keys=$(awk '/^configuration/ {on = 1; next} /^$/ {on = 0} on && $1 ~ /^--/ {print $1}' <<<"$help")
for command in run watch migrate send status list show why retry cancel mark-sent suppress unsuppress suppressions prune pause resume trigger doctor sandbox demo; do
    grep -qx "$command" <<<"$commands" || fail "postroom --help does not name $command"
done

for command in $commands; do
    run "$POSTROOM" "$command" --help
    is "$command --help" 0 "$code"
    contains "$command --help" "$out" "^usage: postroom $command "
    section=$(awk -v c="$command" '$1 == ".SS" {on = $2 == c; next} $1 == ".SH" {on = 0} on' manual.txt)
    [ -n "$section" ] || fail "the manual has no section on $command"
    for option in $(awk '/^options:/ {on = 1; next} /^$/ {on = 0} on && $1 ~ /^--/ {print $1}' <<<"$out"); do
        grep -qE -- "$option( |\$)" <<<"$section" || fail "the manual does not name $command $option"
    done
    # and nothing that is not there
    for option in $(sed -nE 's/^\.(B|BI) (--[a-z-]+).*/\2/p' <<<"$section"); do
        grep -qE -- "^  $option( |\$)" <<<"$out" || fail "the manual invents $command $option"
    done
done

[ "$(wc -w <<<"$keys")" -ge 20 ] || fail "postroom --help lists too few keys: $keys"
for key in $keys; do
    key=${key#--} key=${key//-/_}
    grep -qx "\.B $key" format.txt || fail "postroom.conf(5) does not name $key"
done
for key in $(awk '/^\.SH KEYS/ {on = 1; next} /^\.SH/ {on = 0} on' format.txt | grep -A1 -x '\.TP' | sed -n 's/^\.B //p'); do
    grep -qx -- "--${key//_/-}" <<<"$keys" || fail "postroom.conf(5) invents $key"
done

run "$POSTROOM" --version
is "--version" 0 "$code"
contains "--version" "$out" '^postroom [0-9]+\.[0-9]+\.[0-9]+$'
