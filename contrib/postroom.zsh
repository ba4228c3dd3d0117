#compdef postroom
# zsh completion for postroom. Commands, options and keys are taken from `postroom --help` itself, with
# their explanations, so that this file need not know them.

_postroom_rows() { # HEADING, the help on standard input: "name:explanation" per row
    awk -v heading="$1" '
        $0 ~ heading && /:$/ {on = 1; next}
        /^$/ {on = 0}
        on && /^  [^ ]/ {
            name = $1
            rest = substr($0, 29)
            if (length($0) < 29) rest = ""
            gsub(/:/, "\\:", rest)
            print name ":" rest
        }'
}

_postroom() {
    local program=${words[1]} command="" word
    local -a rows
    for word in ${words[2,CURRENT-1]}; do
        [[ $word == -* ]] || { command=$word; break }
    done
    case ${words[CURRENT-1]} in
        (--config|--html|--text|--attach|--ca-file|--demo|--*-file) _files; return ;;
        (--status) compadd pending scheduled processing retrying failed uncertain sent cancelled; return ;;
        (--provider) compadd ${=${"$($program status --provider '?' 2>&1)"##*allowed are: }//,/}; return ;;
        (--notify) compadd on off; return ;;
        (--log-format) compadd text json; return ;;
        (--on-uncertain) compadd hold retry; return ;;
    esac
    if [[ ${words[CURRENT]} == -* ]]; then
        rows=(${(f)"$($program ${command:-run} --help 2>/dev/null | _postroom_rows options)"}
              ${(f)"$($program --help 2>/dev/null | _postroom_rows '^configuration')"})
        _describe -o option rows
    elif [[ -z $command ]]; then
        rows=(${(f)"$($program --help 2>/dev/null | _postroom_rows '^commands')"})
        _describe command rows
    fi
}

_postroom "$@"
