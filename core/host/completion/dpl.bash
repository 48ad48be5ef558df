# shellcheck shell=bash
# Completion of dpl's command line for bash. What there is to complete dpl itself is asked: its
# options, its modules, its strategies, and the options of a script that reads them as dpl's own do.

# The options that a help text lists.
_dpl_options() {
    awk '/^ ? ? ? ?  -/ { for (i = 1; i <= 2; i++) if (sub(/,$/, "", $i) || $i ~ /^-/) print $i }'
}

_dpl_print() {
    "$1" -l dpl -e "$2" 2>/dev/null
}

# The script among the words before the cursor: the first that is neither an option nor its value.
_dpl_script() {
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -e | -l | --memory | --time | --output) ((i++)) ;;
        -) return ;;
        -*) ;;
        *)
            printf '%s\n' "${COMP_WORDS[i]/#\~/$HOME}"
            return
            ;;
        esac
    done
}

# Only a script with dpl.arguments surely stops at --help instead of doing its work.
_dpl_script_options() {
    grep -qs 'dpl\.arguments' "$2" && timeout 2 "$1" "$2" --help 2>/dev/null </dev/null | _dpl_options
}

# What may follow, one a line; nothing stands for files.
_dpl_words() {
    local dpl=$1 word=$2 previous=$3 script
    script=$(_dpl_script)
    case $script:$previous in
    :-e | :--memory | :--time | :--output) ;;
    :-l) _dpl_print "$dpl" 'print(table.concat(require "dpl.annotations".all().modules, "\n"))' ;;
    ?*:--strategy | ?*:--strategies)
        _dpl_print "$dpl" 'print(table.concat(dpl.strategies(), "\n"))'
        ;;
    *)
        [[ $word == -* ]] || return
        if [[ $script ]]; then
            _dpl_script_options "$dpl" "$script"
        else
            "$dpl" --help 2>/dev/null | _dpl_options
        fi
        ;;
    esac
}

# A list of strategies is completed in its last name.
_dpl() {
    local word=${COMP_WORDS[COMP_CWORD]} head=
    COMPREPLY=()
    if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --strategies && $word == *,* ]]; then
        head=${word%,*},
    fi
    mapfile -t COMPREPLY < <(compgen -P "$head" -W "$(_dpl_words "${COMP_WORDS[0]}" "$word" \
        "${COMP_WORDS[COMP_CWORD - 1]}")" -- "${word#"$head"}")
    if ((${#COMPREPLY[@]} == 0)); then
        compopt -o default 2>/dev/null
    fi
}

complete -F _dpl dpl
