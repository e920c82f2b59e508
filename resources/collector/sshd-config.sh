# sshd: the daemons that listen, with what they were started, and the configuration that they read.

# What is known of each daemon that listens; without any, of the one that would read the usual file.
read_sshd_config() {
	usual_config=/etc/ssh/sshd_config
	for other in /usr/local/etc/ssh/sshd_config /usr/local/etc/sshd_config /usr/etc/ssh/sshd_config; do
		[ ! -e "$usual_config" ] && [ -e "$other" ] && usual_config=$other
	done
	seen_sshd_files=$nl config_host_keys='' daemons=''
	find_daemons
	daemon=0
	IFS=$nl
	for found in ${listening:-"0 "}; do
		unset IFS
		daemon=$((daemon + 1))
		daemons="$daemons $daemon"
		read_daemon "${found%% *}" "${found#* }"
		keep_daemon
		IFS=$nl
	done
	unset IFS
}

# The daemon of process $1, which was started by the command line $2.
read_daemon() {
	config=$usual_config daemon_options='' pid_file=/run/sshd.pid is_strange=
	take_title "$2"
	encode "$2"
	printf '@daemon - number:%s title:%s' $daemon "$token"
	for file in "$pid_file" /var/run/sshd.pid; do
		pid=
		[ ! -f "$file" ] || [ ! -r "$file" ] || read -r pid <"$file"
		[ "$pid" = "$1" ] || continue
		# It writes this file when it has read its configuration, also when it is told to read it again.
		printf ' read-at:%s' "$(modified_at "$file")"
		break
	done
	printf '\n'
	seen_configs=$nl config_keys='' near_keys='' config_principals='' config_roots='' depth=0
	has_match='' has_withheld=''
	asked=0 known_out=- out=''
	[ -n "$is_strange" ] || read_config "$config"
}

# Most hosts have one daemon; the settings of each lie apart where there are more.
KEPT='daemon_options config_keys near_keys config_principals config_roots has_match has_withheld asked known_out out'
KEPT="$KEPT files may_query is_strange"
keep_daemon() { for kept in $KEPT; do eval "of_${daemon}_$kept=\${$kept-}"; done; }
use_daemon() { for kept in $KEPT; do eval "$kept=\${of_${daemon}_$kept}"; done; }

# The sshd that listen: $listening, a line PID COMMAND each, no command twice, four at most. Who is not root cannot
# tell whether they are what they say, and goes by none of their options.
find_daemons() {
	listening='' titles=$nl many=0 others=' ' claimed=0
	own_space=$(readlink /proc/self/ns/pid)
	find_sshd
	if [ "$my_uid" = 0 ]; then found_daemons=$sshd_listeners; else found_daemons=$sshd_claims; fi
	IFS=$nl
	for found in $found_daemons; do
		unset IFS
		line=${found#* }
		case $titles in *"$nl$line$nl"*) continue ;; esac
		titles=$titles$line$nl
		many=$((many + 1))
		if [ $many -gt 4 ]; then unread sshd-config sshd several-daemons; break; fi
		listening=$listening$found$nl
		IFS=$nl
	done
	for found in $sshd_claims; do
		unset IFS
		name_claim "${found#* }"
		IFS=$nl
	done
	unset IFS
	name_other_servers
}

# What would override the files that are read, if it were true.
name_claim() {
	take_sshd_words "$1"
	IFS=$nl
	for option in $sshd_options; do
		unset IFS
		case $option in
			-o[Ll][Ii][Ss][Tt][Ee][Nn]* | -o[Pp][Oo][Rr][Tt]* | -o[Pp][Ii][Dd]* | -o[Pp][Ee][Rr][Ss][Oo]*) continue ;;
			"-f$usual_config") continue ;;
		esac
		claimed=$((claimed + 1))
		[ $claimed -gt 16 ] || unread sshd-config sshd claimed-option "$option"
		IFS=$nl
	done
	unset IFS
}

# Servers for SSH whose rules we do not know.
name_other_servers() {
	set +f
	for process in /proc/[0-9]*; do
		set -f
		name=
		read -r name <"$process/comm"
		case $name in dropbear* | tinysshd) ;; *) continue ;; esac
		case $others in *" $name "*) continue ;; esac
		is_roots_daemon "${process#/proc/}" "$name*" dropbearmulti
		case $? in 0 | 2) ;; *) continue ;; esac
		unread sshd-config sshd other-server "$name"
		others="$others$name "
	done
	set -f
}

# -f, -o and -p of a command line, into $daemon_options, a line each; a -f also sets $config. A file that others may
# write is not for root to read, nor to ask sshd by: of that daemon nothing is known.
take_title() {
	[ "$my_uid" = 0 ] || return
	take_sshd_words "$1"
	if [ -n "$sshd_config" ] && [ -e "$sshd_config" ] && [ "$sshd_config" != "$usual_config" ]; then
		if ! is_roots_path "$sshd_config"; then
			is_strange=yes
			unread sshd-config sshd strange-config "$sshd_config"
			return
		fi
		config=$sshd_config
	fi
	IFS=$nl
	for option in $sshd_options; do
		unset IFS
		case $option in
			-f*) [ ! -e "${option#-f}" ] || daemon_options=$daemon_options$option$nl ;;
			-o[Pp][Ee][Rr][Ss][Oo]*) ;;
			-o[Pp][Ii][Dd]*) is_roots_path "${option#*[= ]}" && pid_file=${option#*[= ]} ;;
			*) daemon_options=$daemon_options$option$nl ;;
		esac
		IFS=$nl
	done
	unset IFS
}

# Ships one configuration file and whatever it includes, as sshd would read them.
read_config() {
	case $seen_configs in *"$nl$1$nl"*) return ;; esac
	seen_configs=$seen_configs$1$nl
	find_out "$1"
	if [ $stands = absent ]; then
		[ $depth -gt 0 ] || unread sshd-config "$1" no-such-file
		return
	fi
	if [ $stands != file ]; then unread sshd-config "$1" not-permitted; return; fi
	if [ ! -r "$1" ]; then unread sshd-config "$1" not-permitted; return; fi
	resolve "$1"
	read_stat "$1"
	if is_withheld "$1"; then
		# It may hold a Match: sshd is asked for each account, then.
		has_match=yes has_withheld=yes
		unread sshd-config "$1" $why
		return
	fi
	encode "$1"
	printf '@config %s path:%s mtime:%s\n' $encoding "$token" "$(modified_at "$1")"
	ship "$1"
	scan=$(feed "$1" scan_config)
	IFS=$nl
	for found in $scan; do
		unset IFS
		case $found in
			match) has_match=yes ;;
			'key '*) config_keys=$config_keys${found#key }$nl ;;
			'near '*) near_keys=$near_keys${found#near }$nl ;;
			'host '*) config_host_keys=$config_host_keys${found#host }$nl ;;
			'file '*) read_sshd_file "${found#file }" ;;
			'principals '*) config_principals=$config_principals${found#principals }$nl ;;
			'root '*) config_roots=$config_roots${found#root }$nl ;;
			'include '*) include "${found#include }" ;;
		esac
		IFS=$nl
	done
	unset IFS
}

include() {
	if [ $depth -ge 16 ]; then unread sshd-config "$1" too-deep; return; fi
	encode "$1"
	printf '@include - pattern:%s' "$token"
	case $1 in /*) pattern=$1 ;; *) pattern=/etc/ssh/$1 ;; esac
	expand "$pattern"
	printf '\n'
	report_if_closed sshd-config "$pattern"
	depth=$((depth + 1))
	IFS=$nl
	for found in $paths; do unset IFS; read_config "$found"; IFS=$nl; done
	unset IFS
	depth=$((depth - 1))
}

# Prints path: attributes of what pattern $1 matches, in sshd's order, and leaves them in $paths, a line each.
expand() {
	IFS=
	set +f
	set -- $1
	set -f
	unset IFS
	paths=
	for path do
		[ -e "$path" ] || [ -h "$path" ] || continue
		say path "$path"
		paths=$paths$path$nl
	done
}

# A pattern in a folder that cannot be listed matches nothing that we could see. Fails where one must not even look.
report_if_closed() {
	if leads_to_silence "${2%%[*?[]*}"; then unread "$1" "$2" no-answer; return 1; fi
	folder=${2%%[*?[]*}
	folder=${folder%/*}
	if [ -d "$folder" ]; then
		[ -r "$folder" ] && [ -x "$folder" ] || unread "$1" "$2" not-listed
	else
		find_out "$folder"
		[ $stands != hidden ] || unread "$1" "$2" not-listed
	fi
	return 0
}

# Of a configuration: "match", "include WORD", "key WORD" (AuthorizedKeysFile), "near WORD" (the same where the
# connection decides), "host WORD" (HostKey), "file WORD" (RevokedKeys, TrustedUserCAKeys), "principals WORD"
# (AuthorizedPrincipalsFile) and "root WORD" (ChrootDirectory).
scan_config() {
	awk "$sshd_config_awk"
}
