#!/usr/bin/env bash
# make install and uninstall, below any PREFIX; the manual renders, completions complete, and the image's
# recipe names what the build and the binary need.
. "$(dirname "$0")/../lib/e2e.sh"

# --- installed, and gone again -------------------------------------------------------------------------
place() { make -s -C "$ROOT" "$1" DESTDIR="$WORK/root" PREFIX="$2" >make.log 2>&1 || fail "make $1: $(cat make.log)"; }
files() { (cd root && find . ! -type d | sort); }
place install /usr
is "what is installed" "./usr/bin/postroom
./usr/lib/systemd/system/postroom.service
./usr/lib/sysusers.d/postroom.conf
./usr/share/bash-completion/completions/postroom
./usr/share/doc/postroom/CHANGELOG.md
./usr/share/doc/postroom/README.md
./usr/share/doc/postroom/alerts.yml
./usr/share/doc/postroom/compose.yml
./usr/share/doc/postroom/grafana.json
./usr/share/doc/postroom/operating.md
./usr/share/doc/postroom/postroom.conf
./usr/share/man/man1/postroom.1
./usr/share/man/man5/postroom.conf.5
./usr/share/zsh/site-functions/_postroom" "$(files)"
is "the binary" "$("$POSTROOM" --version)" "$(root/usr/bin/postroom --version)"
contains "the unit" "$(cat root/usr/lib/systemd/system/postroom.service)" '^ExecStart=/usr/bin/postroom run --no-ui$'
place uninstall /usr
is "what stays" "" "$(files)"
rm -rf root
place install /opt/post
contains "the unit below a prefix" "$(cat root/opt/post/lib/systemd/system/postroom.service)" '^ExecStart=/opt/post/bin/postroom '
place uninstall /opt/post
is "what stays below a prefix" "" "$(files)"

# the example is a configuration, as it is and with its comments taken off
sed 's/^#\([a-z[]\)/\1/' "$ROOT/contrib/postroom.conf" | sed '/^table = /,$d; s/^resend_api_key_file.*/resend_api_key = re_example_1234/; /^resend_webhook_secret_file/d' >all.conf
chmod 600 all.conf
run env DATABASE_URL=postgresql://nobody@127.0.0.1:1/x "$POSTROOM" doctor --config all.conf
contains "the example's values" "$out" '^monthly_quota +1000000 +all.conf:'
run "$POSTROOM" status --config "$ROOT/contrib/postroom.conf"
lacks "the example as it is" "$err" 'postroom.conf:'

# --- the manual ----------------------------------------------------------------------------------------
if command -v groff >/dev/null; then
    for page in "$ROOT"/man/*.[1-9]; do
        is "groff's warnings about ${page##*/}" "" "$(groff -man -Tutf8 -ww -z "$page" 2>&1)"
    done
fi
# What the manual and the guide tell to type is there: each `postroom COMMAND --option` of README and docs.
for file in README.md docs/operating.md; do
    grep -oE '`(sudo -u [a-z]+ )?postroom [a-z-]+[^`]*`|^ +postroom [a-z-]+.*' "$ROOT/$file" |
        sed -E 's/.*postroom ([a-z-]+ ?[^`#]*)`?.*/\1/' >told
    while read -r command options; do
        run "$POSTROOM" "$command" --help
        is "$file: postroom $command" 0 "$code"
        help=$out$("$POSTROOM" --help)
        for option in $(grep -oE -- '--[a-z-]+' <<<"$options"); do
            grep -qE -- "^ +$option( |\$)" <<<"$help" || fail "$file: postroom $command has no $option"
        done
    done <told
    [ -s told ] || fail "$file tells no command"
done
# Every state of the dashboard has its paragraph.
for state in $(sed -n 's/^ *\[STATE_[A-Z_]*\] = {"\([A-Z ]*\)".*/\1/p' "$ROOT/src/core/verdict.c" | tr ' ' '_'); do
    grep -qE "^### .*${state//_/ }" "$ROOT/docs/operating.md" || fail "docs/operating.md does not know the state $state"
done

# --- completions ---------------------------------------------------------------------------------------
# complete WORD...: what bash offers for the last one
complete_words() {
    PATH="$(dirname "$POSTROOM"):$PATH" bash -c '. "$1"; shift
        COMP_WORDS=(postroom "$@") COMP_CWORD=$#
        _postroom && printf "%s\n" "${COMPREPLY[@]}"' - "$ROOT/contrib/postroom.bash" "$@"
}
is "commands" "$("$POSTROOM" --help | awk '/^commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}' | sort)" \
    "$(complete_words "" | sort)"
is "a command" "doctor" "$(complete_words do)"
is "an option of a command" "--status" "$(complete_words list --sta)"
is "a key as an option" "--batch-size" "$(complete_words --batch)"
is "a key behind a command" "--batch-size" "$(complete_words run --batch)"
is "a status" "pending
processing" "$(complete_words list --status p | grep -v scheduled)"
contains "the providers" "$(complete_words run --provider "")" '^resend$'
contains "the providers" "$(complete_words run --provider "")" '^null$'
: >secret.txt
is "a file" "secret.txt" "$(complete_words run --resend-api-key-file sec)"
for option in $("$POSTROOM" send --help | awk '/^options:/ {on = 1; next} /^$/ {on = 0} on && $1 ~ /^--/ {print $1}'); do
    grep -qx -- "$option" <<<"$(complete_words send -)" || fail "bash does not complete send $option"
done
if command -v zsh >/dev/null; then
    zsh -n "$ROOT/contrib/postroom.zsh" || fail "zsh does not read its completion"
fi

# --- the image -----------------------------------------------------------------------------------------
build=$(sed -n 's/^build="\(.*\)"/\1/p' "$ROOT/tools/install-deps" | tr ' ' '\n' | sort)
is "packages of the image's build" "$(printf '%s\nmake\n' "$build" | sort)" \
    "$(awk '/ AS build/ {on = 1} /^WORKDIR/ {on = 0} on' "$ROOT/Dockerfile" | grep -A1 'apt-get install' | tail -n 1 | tr ' ' '\n' | grep . | sort)"
run_time=$(grep -oE 'lib[a-z0-9]+' "$ROOT/Dockerfile")
for library in $(readelf -d "$POSTROOM" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    path=$(ldd "$POSTROOM" | awk -v l="$library" '$1 == l {print $3}')
    package=$(dpkg-query -S "*${path#/usr}" 2>/dev/null | sed -n '1s/:.*//p')
    case "$package" in "" | libc6 | libtinfo6) ;; *) grep -qx "$package" <<<"$run_time" || fail "the image lacks $package ($library)" ;; esac
done
for source in $(awk '$1 == "COPY" && $2 !~ /^--/ {for (i = 2; i < NF; i++) print $i}' "$ROOT/Dockerfile"); do
    [ -e "$ROOT/$source" ] || fail "the image copies $source, which is not there"
done
