# Completion of dpl's command line for fish. What there is to complete dpl itself is asked: its
# options, its modules, its strategies, and the options of a script that reads them as dpl's own do.

# The options that a help text lists.
function __dpl_options
    awk '/^ ? ? ? ?  -/ { for (i = 1; i <= 2; i++) if (sub(/,$/, "", $i) || $i ~ /^-/) print $i }'
end

function __dpl_words
    commandline -opc
end

function __dpl_print
    set -l words (__dpl_words)
    $words[1] -l dpl -e $argv[1] 2>/dev/null
end

# The script among the words before the cursor: the first that is neither an option nor its value.
function __dpl_script
    set -l skip 0
    for word in (__dpl_words)[2..]
        if test $skip = 1
            set skip 0
        else if contains -- $word -e -l --memory --time --output
            set skip 1
        else if test $word = -
            return
        else if not string match -q -- '-*' $word
            echo $word
            return
        end
    end
end

# Only a script with dpl.arguments surely stops at --help instead of doing its work.
function __dpl_script_options
    set -l script (__dpl_script)
    set -l words (__dpl_words)
    if grep -qs 'dpl\.arguments' $script
        timeout 2 $words[1] $script --help 2>/dev/null </dev/null | __dpl_options
    end
end

function __dpl_has_script
    __dpl_script | string length -q
end

function __dpl_follows
    contains -- (__dpl_words)[-1] $argv
end

complete -c dpl -n 'not __dpl_has_script; and not __dpl_follows -e -l --memory --time --output' \
    -a '(set -l words (__dpl_words); $words[1] --help | __dpl_options)'
complete -c dpl -n 'not __dpl_has_script; and __dpl_follows -l' -x \
    -a '(__dpl_print "print(table.concat(require \"dpl.annotations\".all().modules, \"\n\"))")'
complete -c dpl -n '__dpl_has_script; and not __dpl_follows --strategy --strategies' \
    -a '(__dpl_script_options)'
complete -c dpl -n '__dpl_has_script; and __dpl_follows --strategy --strategies' -x \
    -a '(__dpl_print "print(table.concat(dpl.strategies(), \"\n\"))")'
