# The host itself.

read_host() {
	printf '@host -'
	say uid "$my_uid"
	say user "$my_name"
	say how "$how"
	[ -z "$login_key" ] || say login-key "$login_key"
	[ -z "$login_account" ] || say login-account "$login_account"
	set -- $(uname -s; uname -n; uname -r; uname -m)
	say kernel "${1-} ${3-}"
	say hostname "${2-}"
	say arch "${4-}"
	set -- $(date '+%s %z')
	say time "${1-}"
	say offset "${2-}"
	for closed in /etc/nologin /run/nologin /var/run/nologin; do
		if [ -e $closed ]; then
			say closed-by $closed
			if pam_asks_nologin; then say pam-nologin yes; elif [ -r /etc/pam.d/sshd ]; then say pam-nologin no; fi
			break
		fi
	done
	for release in /etc/os-release /usr/lib/os-release; do
		[ -f $release ] && [ -r $release ] || continue
		while IFS= read -r line; do
			case $line in PRETTY_NAME=*) say os "${line#PRETTY_NAME=}" ;; esac
		done <$release
		break
	done
	version=
	sshd=$(command -v sshd)
	[ -z "$sshd" ] || version=$("$sshd" -V 2>&1)
	case $version in *OpenSSH_*) ;; *) version=$(ssh -V 2>&1) ;; esac
	case $version in
		*OpenSSH_*)
			version=${version#*OpenSSH_}
			case ${version%%,*} in *' Debian-'* | *' Ubuntu-'* | *' Raspbian-'*) say sshd-for debian ;; esac
			version=OpenSSH_${version%%[!A-Za-z0-9._-]*}
			say sshd "$version"
			;;
		*) version= ;;
	esac
	printf '\n'
}

say() { encode "$2"; printf ' %s:%s' "$1" "$token"; }

# Whether PAM's rules for sshd have an account checked by pam_nologin.
pam_asks_nologin() {
	awk "$pam_asks_nologin_awk"
}
