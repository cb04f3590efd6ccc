# Completion of postrider(8) for bash: install as postrider in bash-completion's folder.
# Commands and their usages are asked of the program itself, so that there is no second list.

_postrider_commands()
{
	postrider help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'
}

# The options in the usage of a command; where it says SELECTOR, those of a selector.
_postrider_options()
{
	local usage

	usage=$(postrider help "$1" 2>/dev/null | head -n 1)
	grep -oE -- '--?[a-z][a-z-]*' <<<"${usage#*"$1"}"
	case $usage in
	*SELECTOR*) printf '%s\n' --domain --sender --rcpt --state --older-than --all ;;
	esac
	case $1 in
	check | eval) ;;
	*) printf '%s\n' --json --utc ;;
	esac
	echo --help
}

_postrider()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command= i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c) ((i++)) ;;
		-*) ;;
		*)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	case $prev in
	-c)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames 2>/dev/null
		return
		;;
	--state)
		mapfile -t COMPREPLY < <(compgen -W 'queued deferred held' -- "$cur")
		return
		;;
	esac
	if [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_postrider_commands) help \
			-c --json --utc --help --version" -- "$cur")
	elif [[ $command == help ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_postrider_commands)" -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -W "$(_postrider_options "$command")" -- "$cur")
	fi
}

complete -F _postrider postrider
