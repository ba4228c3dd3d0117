# bash completion for postroom. Commands, options and keys are taken from `postroom --help` itself,
# so that this file need not know them.
# shellcheck shell=bash

# _postroom_commands PROGRAM; _postroom_options PROGRAM COMMAND
_postroom_commands() {
    "$1" --help 2>/dev/null | awk '/^commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}'
}
_postroom_options() {
    {
        "$1" "$2" --help 2>/dev/null | awk '/options/ && /:$/ {on = 1; next} /^$/ {on = 0} on && $1 ~ /^--/ {print $1}'
        "$1" --help 2>/dev/null | awk '/^configuration/ {on = 1; next} /^$/ {on = 0} on && $1 ~ /^--/ {print $1}'
    } | sort -u
}

_postroom() {
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command="" candidate i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${COMP_WORDS[i]}" in -* | =) ;; *) command=${COMP_WORDS[i]} && break ;; esac
    done
    case "$before" in
        --status) mapfile -t COMPREPLY < <(compgen -W "pending scheduled processing retrying failed uncertain sent cancelled" -- "$word") && return ;;
        --provider) mapfile -t COMPREPLY < <(compgen -W "$(_postroom_providers "$program")" -- "$word") && return ;;
        --notify) mapfile -t COMPREPLY < <(compgen -W "on off" -- "$word") && return ;;
        --log-format) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$word") && return ;;
        --on-uncertain) mapfile -t COMPREPLY < <(compgen -W "hold retry" -- "$word") && return ;;
        --config | --html | --text | --attach | --ca-file | --demo | --*-file)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
    esac
    if [[ $word == -* ]]; then
        candidate=$(_postroom_options "$program" "${command:-run}")
    elif [ -z "$command" ]; then
        candidate=$(_postroom_commands "$program")
    fi
    mapfile -t COMPREPLY < <(compgen -W "${candidate-}" -- "$word")
}
# The error that a wrong one gets names them all.
_postroom_providers() {
    "$1" status --provider '?' 2>&1 | sed -n 's/.*allowed are: //p' | tr -d ,
}

complete -F _postroom postroom
