#compdef dpl
# Completion of dpl's command line for zsh. What there is to complete dpl itself is asked: its
# options, its modules, its strategies, and the options of a script that reads them as dpl's own do.

# The options that a help text lists.
_dpl_options() {
    awk '/^ ? ? ? ?  -/ { for (i = 1; i <= 2; i++) if (sub(/,$/, "", $i) || $i ~ /^-/) print $i }'
}

_dpl_print() {
    $words[1] -l dpl -e "$1" 2>/dev/null
}

# The script among the words before the cursor: the first that is neither an option nor its value.
_dpl_script() {
    local i
    for ((i = 2; i < CURRENT; i++)); do
        case $words[i] in
        -e | -l | --memory | --time | --output) ((i++)) ;;
        -) return ;;
        -*) ;;
        *) print -r -- ${~words[i]}; return ;;
        esac
    done
}

# Only a script with dpl.arguments surely stops at --help instead of doing its work.
_dpl_script_options() {
    grep -qs 'dpl\.arguments' $1 && timeout 2 $words[1] $1 --help 2>/dev/null </dev/null |
        _dpl_options
}

_dpl() {
    local script=$(_dpl_script)
    case $script:$words[CURRENT-1] in
    :-e | :--memory | :--time | :--output) return 1 ;;
    :-l) compadd -- ${(f)"$(_dpl_print 'print(table.concat(require "dpl.annotations".all().modules, "\n"))')"} ;;
    ?*:--strategy) compadd -- ${(f)"$(_dpl_print 'print(table.concat(dpl.strategies(), "\n"))')"} ;;
    ?*:--strategies)
        _values -s , strategy ${(f)"$(_dpl_print 'print(table.concat(dpl.strategies(), "\n"))')"}
        ;;
    :*)
        if [[ $PREFIX == -* ]]; then
            compadd -- ${(f)"$($words[1] --help | _dpl_options)"}
        else
            _files
        fi
        ;;
    *)
        if [[ $PREFIX == -* ]]; then
            compadd -- ${(f)"$(_dpl_script_options $script)"}
        else
            _files
        fi
        ;;
    esac
}

_dpl "$@"
