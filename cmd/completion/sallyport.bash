# Completion of sallyport for bash.

_sallyport() {
    local cur prev words cword
    if declare -F _init_completion >/dev/null; then
        _init_completion -n =: || return
    else
        COMPREPLY=()
        cur=${COMP_WORDS[COMP_CWORD]}
        prev=${COMP_WORDS[COMP_CWORD - 1]}
        words=("${COMP_WORDS[@]}")
        cword=$COMP_CWORD
    fi

    local commands="serve settings hash-password help"
    if ((cword == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$cur")
        return
    fi

    case ${words[1]} in
    serve)
        case $prev in
        --authorized-keys | --host-key | --password-file)
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            compopt -o filenames 2>/dev/null
            return
            ;;
        --as)
            mapfile -t COMPREPLY < <(compgen -u -- "$cur")
            return
            ;;
        --log-format)
            mapfile -t COMPREPLY < <(compgen -W "text json" -- "$cur")
            return
            ;;
        --set)
            local names
            names=$(sallyport settings 2>/dev/null | sed -n 's/^\([a-z][a-z0-9_.]*\)$/\1=/p')
            mapfile -t COMPREPLY < <(compgen -W "$names" -- "$cur")
            compopt -o nospace 2>/dev/null
            return
            ;;
        --listen)
            mapfile -t COMPREPLY < <(compgen -W "sftp://:2222 sftp://127.0.0.1:2222" -- "$cur")
            # Bash splits words at colons: complete only the part after the last one.
            declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
            return
            ;;
        --user)
            return
            ;;
        esac
        if [[ $cur == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "--listen --user --password-file --authorized-keys --host-key
                --read-only --as --no-sandbox
                --attributes --set --log-format --verbose --quiet --help -v -q" -- "$cur")
        else
            mapfile -t COMPREPLY < <(compgen -d -- "$cur")
            compopt -o filenames 2>/dev/null
        fi
        ;;
    settings)
        local names
        names=$(sallyport settings 2>/dev/null | sed -n 's/^\([a-z][a-z0-9_.]*\)$/\1/p')
        mapfile -t COMPREPLY < <(compgen -W "$names --mdoc --help" -- "$cur")
        ;;
    hash-password)
        mapfile -t COMPREPLY < <(compgen -W "--help" -- "$cur")
        ;;
    help)
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
        ;;
    esac
}

complete -F _sallyport sallyport
