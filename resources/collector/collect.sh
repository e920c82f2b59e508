#!/bin/sh
# Latchkey's collector: says who can log in to this host with which key, and which certificates lie here.
#
#   sh -s -- --nonce N [--login-account NAME] [--login-key SHA256:...] [--sudo]   < collect.sh     (over SSH)
#   sh collect.sh > bundle                                                                        (carried by hand)
#
# It only reads: no temporary file, nothing written on the host, nothing read from standard input. Private keys
# and password hashes never leave the host: of a key its public half, of a password its class. POSIX sh, with
# awk and either coreutils or busybox. It takes a second or so; as root it sees everything.
#
# The stream, one pass to write and to read. What comes before its first line is noise.
#
#   latchkey-collection 1 NONCE
#   KIND LENGTH ENCODING ATTRIBUTE...      one line a record, then LENGTH bytes of payload
#   end COUNT NONCE sha256 DIGEST          of all bytes from the first line on; "none" where no tool can say
#
# Carried by hand, what follows says of which host it is: "host-signature 1" and, for each host key that signs, what
# ssh-keygen -Y sign -n latchkey-host-bundle writes for the line "end ..."; or "host-unsigned WHY".
#
# ENCODING is b64, hex, text, or - without payload; an ATTRIBUTE is name:value with %xx for every byte that is
# not plain. So content can never look like a record, and every byte of a name or a file comes through.
#
# Inside, `collect` prints "@KIND ENCODING ATTRIBUTE..." and lines of payload; `frame` counts, cuts and signs.
# Records gather until some kilobytes are there or `collect` says "@leave", as it does before whatever may take long.

main() {
	prepare_shell
	# Filled in where a collector is handed out, so that what it writes is known to come from that one.
	handed=''
	nonce='' login_key='' login_account='' how=login is_carried=no
	while [ $# -gt 0 ]; do
		case $1 in
			--nonce) nonce=${2-}; [ $# -lt 2 ] || shift ;;
			--login-key) login_key=${2-}; [ $# -lt 2 ] || shift ;;
			--login-account) login_account=${2-}; [ $# -lt 2 ] || shift ;;
			--sudo) how=sudo ;;
		esac
		shift
	done
	case $nonce in
		'' | *[!A-Za-z0-9._-]*)
			is_carried=yes
			nonce=$(od -An -v -N16 -tx1 /dev/urandom | tr -d ' \n')
			[ -n "$nonce" ] || nonce=$$-$(date +%s)
			nonce=${handed:+$handed-}$nonce
			;;
	esac
	if ! has awk || ! has od; then
		printf '\nlatchkey-collection 1 %s\nunread 0 - kind:limit path:awk why:no-tool\nend 1 %s none\n' "$nonce" "$nonce"
		return
	fi
	if [ $is_carried = yes ]; then collect_signed; else collect | frame; fi
}

# Whatever the login left behind - options, aliases, functions, locale, PATH - shall not matter.
prepare_shell() {
	set +e +u +x +v +C +a
	set -f
	exec 2>/dev/null
	IFS=' 	
'
	nl='
'
	LC_ALL=C LANG=C
	PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin:${PATH-}
	export LC_ALL LANG PATH
	unset TZ CDPATH ENV BASH_ENV GREP_OPTIONS POSIXLY_CORRECT TIME_STYLE QUOTING_STYLE LS_COLORS OPENSSL_CONF
	\unalias -a
	for tool in awk base64 bzip2 cat chage cut date dd env getent grep gzip head id journalctl lastlog lastlog2 ls od \
		getconf openssl passwd readlink sed sha256sum shasum sqlite3 ssh ssh-keygen sshd stat tail timeout tr uname wtmpdb xz zstd \
		printf read echo test cd set shift unset export command kill wait; do
		unset -f "$tool"
	done
	MIB=1048576
}

has() { command -v "$1" >/dev/null; }

# ---- The stream -------------------------------------------------------------------------------------------

# A record leaves whole, and at the latest at "@leave": where a later read hangs until we are stopped, what came before is
# there. One at a time would be a packet each, which costs who reads it more than all else.
frame() {
	digest='' by_line=''
	# mawk would wait for the next 4 KiB.
	case $(awk -W version </dev/null) in *mawk*) by_line='-W interactive' ;; esac
	if has sha256sum; then digest=sha256sum
	elif has shasum; then digest='shasum -a 256'
	elif has openssl; then digest='openssl dgst -sha256 -r'
	fi
	aside=''
	if [ $is_carried = yes ]; then aside='cat >&3' digest=${digest:+"$digest >&3"}; fi
	awk $by_line -v nonce="$nonce" -v digest="$digest" -v aside="$aside" -v most=$((16 * MIB - 65536)) '
		# In pieces: each is one write where awk does not gather them.
		function put(line) { text = text line "\n"; total += length(line) + 1; if (length(text) > 4000) send() }
		function send() { print text; if (digest != "") print text | digest; text = "" }
		function close_record(   i) {
			if (head == "") return 1
			if (is_over) return leave_out()
			split(head, word, " ")
			encoding = word[2]
			rest = substr(head, length(word[1]) + length(word[2]) + 3)
			if (total - left + length(head) + held + 16 > most) return leave_out()
			put(word[1] " " held " " encoding (rest == "" ? "" : " " rest))
			for (i = 1; i <= lines; i++) put(line[i])
			count++
			head = ""
			return 1
		}
		# Names what has no room, and goes on with what has, as long as there is room for names.
		function leave_out(   path, name) {
			path = head
			sub(/ .*/, "", path)
			if (match(head, / (path|root):[^ ]+/)) path = substr(head, RSTART + 6, RLENGTH - 6)
			name = "unread 0 - kind:limit path:" path " why:no-room"
			if (head ~ /^unread /) name = "unread 0 " substr(head, 8)
			is_over = 0
			if (!(name in named)) {
				if (left + length(name) > 64000) return 0
				put(name); count++
				left += length(name) + 1
				named[name] = 1
			}
			head = ""
			return 1
		}
		function finish() {
			send()
			last = sprintf("end %d %s %s", count, nonce, (digest == "" ? "none\n" : "sha256 "))
			if (aside == "") printf "%s", last
			else { fflush(); printf "%s", last | aside; close(aside) }
			if (digest == "") return
			fflush()
			system("")
			close(digest)
		}
		BEGIN { ORS = ""; printf "\n"; put("latchkey-collection 1 " nonce) }
		$0 == "@done" { is_done = 1; exit }
		/^@/ {
			if (!close_record()) { is_full = 1; exit }
			if ($0 == "@leave") { send(); fflush(); next }
			if ($0 ~ /^@signer /) { head = ""; if (aside != "") print substr($0, 2) "\n" | aside; next }
			head = substr($0, 2); lines = held = 0
			next
		}
		is_over { next }
		{ line[++lines] = $0; held += length($0) + 1; if (total - left + held > most) is_over = 1 }
		END {
			if (is_done && !close_record()) is_full = 1
			if (is_full) {
				kind = head; sub(/ .*/, "", kind)
				put("unread 0 - kind:limit path:" kind " why:stream-full"); count++
			}
			if (is_done || is_full) finish()
			else { send(); fflush() }
		}'
}

# What would be the last line is said here, once the host keys have signed it. Of what `frame` runs nothing but that line
# and the paths of the keys comes by the descriptor 3.
collect_signed() {
	exec 4>&1
	told=$({ collect 3>&- 4>&- | frame; } 3>&1 >&4)
	exec 4>&-
	last=''
	set --
	IFS=$nl
	for line in $told; do
		case $line in
			'signer '*) set -- "$@" "${line#signer }" ;;
			'end '*) last=$line ;;
		esac
	done
	unset IFS
	[ -n "$last" ] || return
	printf '%s\n' "$last"
	case $last in
		*' sha256 '*) ;;
		*) printf 'host-unsigned no-digest\n'; return ;;
	esac
	sign_as_host latchkey-host-bundle "$last$nl" "$@"
	if [ -n "$signatures" ]; then printf 'host-signature 1\n%s' "$signatures"
	else printf 'host-unsigned %s\n' "$unsigned"
	fi
}

collect() {
	begun=$(date +%s) may_stop=no silent_mounts= closed_mounts= key_form=plain
	if timeout -s KILL 5 true; then may_stop=yes; fi
	has base64 && encoding=b64 || encoding=hex
	my_uid=$(id -u) my_name=$(id -un) held_path= held= as_uid=
	prepare_reading
	for part in host accounts sshd_config grants host_keys homes listeners certificates reach logs; do
		read_$part
		leave
	done
	printf '@done\n'
}

leave() { printf '@leave\n'; }

# Encodes $1 for an attribute, into $token. The plain case costs no process.
encode() {
	case $1 in
		*[!A-Za-z0-9/._@+,=~-]*) token=$(printf %s "$1" | od -An -v -tx1 | tr -d '\n' | tr ' ' '%') ;;
		*) token=$1 ;;
	esac
}

payload() {
	if [ $encoding = hex ]; then od -An -v -tx1
	elif [ $coder = openssl ]; then openssl base64
	else base64
	fi
}

# The first MiB of a file and a little more, so that the reader can tell that there is more. Of one that is held, what was read of it.
take() { if [ "$1" = "$held_path" ]; then unhold; else dd bs=65536 count=17 <"$1"; fi; }

# Runs $2... on file $1, whose $size is known: most are short and need no dd.
feed() {
	fed=$1
	shift
	if [ "$fed" = "$held_path" ]; then unhold | "$@"
	elif [ "$size" -le $MIB ]; then "$@" <"$fed"
	else take "$fed" | "$@"
	fi
}

unhold() { printf '%s\n' "$held" | $decoder; }

# hold PATH [PREFIX BLOCKS]: before anything reads PATH. 0: root alone says what lies there, or it was read with the rights of the account
# that does, and is held; 1: it was not, and $why is closed, gone, not-ended, cannot-judge or secret-inside. With w as PREFIX no secret is held.
hold() {
	held_path= held= why=
	if [ -z "$as_uid" ] && is_roots_place "$1"; then return 0; fi
	choose_rights "$1" || { why=closed; return 1; }
	word_for "${2:-k}" "$1"
	fetch "$rights_uid" "$rights_gid" "$rights_name" "${3:-17}" "$word"
	set -- "$1" $fetched
	take_answer "${2-}" "${3-}" || return 1
	held_path=$1
}

# One answer of the reader: STATE =CONTENT. Into $held or $why.
take_answer() {
	held= why=closed
	case $1 in
		file) ;;
		absent) why=gone; return 1 ;;
		secret) why=secret-inside; return 1 ;;
		unjudged) why=cannot-judge; return 1 ;;
		closed | other) return 1 ;;
		*) hurry; return 1 ;;
	esac
	held=${2#=}
	held=${held%.}
	case $2 in "=$held.") ;; *) held=; hurry; return 1 ;; esac
	case $held in *[!A-Za-z0-9+/=]*) held=; return 1 ;; esac
	why=
}

# Whoever has kept us waiting once has no other account wait for as long again.
hurry() {
	why=not-ended
	[ $may_stop = no ] || judged_limit='timeout -s KILL 1' reading_late='timeout -s KILL 2'
}

# With whose rights what lies at $1 is read, where others than root may write: of the account that is at hand, or of the first on the way
# there who can lead it elsewhere. Root's are nobody's to be given there: without another owner it is judged what is opened.
choose_rights() {
	rights_uid=$as_uid rights_gid=${as_gid-} rights_name=${as_name-}
	[ -z "$rights_uid" ] || return 0
	if is_roots_way "${1%/*}"; then is_roots_way "$(readlink -f "${1%/*}")"; fi
	set -- $way_line
	rights_uid=${3-} rights_gid=${4-} rights_name=
	[ -n "$rights_uid" ] || return 1
	case $nl$accounts in
		*:"$rights_uid":*) rights_name=$(printf '%s\n' "$accounts" | awk -F: -v uid="$rights_uid" '$2 == uid { print $1; exit }') ;;
	esac
}

# As the reader is asked for $2, into $word: what is judged has to be what it is called. What may be shown was asked about before, wherever
# a link leads; with keys nobody is led anywhere.
word_for() {
	word=$1:$2
	drops_to "$rights_uid" "$rights_name" && return
	case $1 in
		w) word=w:$(readlink -f "$2") ;;
		*) word=$1:$(readlink -f "${2%/*}")/${2##*/} ;;
	esac
}

# unread KIND PATH WHY [DETAIL]
unread() {
	encode "$2"
	printf '@unread - kind:%s path:%s why:%s' "$1" "$token" "$3"
	[ -z "${4-}" ] || { encode "$4"; printf ' detail:%s' "$token"; }
	printf '\n'
}

# Asked before what may take long.
is_late() { leave; [ $(($(date +%s) - begun)) -gt 20 ]; }

# ---- Looking at files -------------------------------------------------------------------------------------

# ls of one thing, all links followed: $mode $links $uid $gid $size, and $written, the day of its last change
look() { columns $(ls -ldnL "$1"); }

columns() {
	mode=${1-} links=${2-} uid=${3-} gid=${4-} size=${5-}
	case $size in '' | *[!0-9]*) size=0 ;; esac
	# Within the last half year ls tells the time instead of the year.
	case ${8-} in *:*) written=${6-},${7-} ;; *) written=${6-},${7-},${8-} ;; esac
}

# Where another machine or a program serves files and does not answer, a line each, into $silent_mounts: whoever looks
# below waits for ever. All are asked at once, each by a home that lies there, for autofs has nothing else to ask. Those that
# are there, and of which not even that is told, into $closed_mounts: what lies below would look as if it were not there.
find_silent_mounts() {
	silent_mounts= closed_mounts=
	[ $may_stop = yes ] && [ -r /proc/mounts ] || return
	asked_mounts=$(printf '%s\n' "$accounts" | awk '
		NR == FNR { split($0, field, ":"); home[++homes] = field[4]; next }
		$3 ~ /^(nfs4?|cifs|smb3|smbfs|9p|autofs|ceph|afs|lustre|glusterfs|fuse([.].*)?)$/ && $2 != "/" {
			while (i = index($2, "\\040")) $2 = substr($2, 1, i - 1) " " substr($2, i + 4)
			asked = $3 == "autofs" ? "" : $2
			for (i = 1; i <= homes; i++) if (index(home[i] "/", $2 "/") == 1) { asked = home[i]; break }
			if (asked != "" && many++ < 64) print $2 "\n" asked
		}' - /proc/mounts | {
		while IFS= read -r mount && IFS= read -r asked; do
			{
				if ! answers "$asked"; then printf '%s\n' "$mount"
				elif [ ! -e "$mount" ]; then printf '%s\n' "closed:$mount"
				fi
			} &
		done
		wait
	})
	IFS=$nl
	for mount in $asked_mounts; do
		case $mount in
			closed:*) closed_mounts=$closed_mounts$nl${mount#closed:} ;;
			*) silent_mounts=$silent_mounts$nl$mount ;;
		esac
	done
	unset IFS
}

# Whether there is an answer about $1, be it that it does not exist. What is killed holds no pipe open.
answers() {
	for question in 'ls -ldn' 'stat -f'; do
		# The kernel may still know what was there: of the whole it asks each time.
		timeout -s KILL 3 $question "$1/." >/dev/null
		case $? in 124 | 137) return 1 ;; esac
	done
	return 0
}

is_silent() { is_below "$1" "$silent_mounts"; }

# Whether $1 is one of the mounts $2, or lies below one.
is_below() {
	[ -n "$2" ] || return 1
	IFS=$nl
	for mount in $2; do
		case $1/ in "$mount"/*) unset IFS; return 0 ;; esac
	done
	unset IFS
	return 1
}

# Whether $1 is there: file, other, absent (provably), or hidden (cannot be told), into $stands.
find_out() {
	stands=absent
	case $1 in /*) ;; *) return ;; esac
	if is_silent "$1" || is_below "$1" "$closed_mounts"; then stands=hidden; return; fi
	if [ -f "$1" ]; then stands=file; return; fi
	if [ -e "$1" ]; then stands=other; return; fi
	above=$1
	while [ "$above" != / ]; do
		if [ -h "$above" ]; then
			[ "$my_uid" = 0 ] || stands=hidden
			return
		fi
		above=${above%/*}
		[ -n "$above" ] || above=/
		if [ -d "$above" ]; then
			[ -x "$above" ] || stands=hidden
			return
		fi
		[ ! -e "$above" ] || return
	done
}

# The path of $1 without any link, into $real; empty if it cannot be told.
resolve() {
	real=
	! is_silent "$1" || return
	real=$1
	case $1 in
		*//* | */./* | */../* | */. | */..) ;;
		*)
			above=$1
			while [ -n "$above" ] && [ ! -h "$above" ]; do above=${above%/*}; done
			[ -n "$above" ] || return
			;;
	esac
	real=$(readlink -f "$1" && printf x)
	real=${real%x}
	real=${real%"$nl"}
}

# Attributes e:MODE,LINKS,UID,GID,SIZE of $1 and each folder above it, "/" first, into $entries. Leaves the columns
# of $1 itself. ls sorts by bytes, and a folder sorts before what is in it. With L as $2, links are followed.
walk() {
	follow=${2-}
	set -- "$1"
	above=$1
	while [ "$above" != / ]; do
		above=${above%/*}
		[ -n "$above" ] || above=/
		set -- "$above" "$@"
	done
	entries=
	case $* in
		*"$nl"*)
			for above do
				columns $(ls -ldn$follow "$above")
				entries="$entries e:$mode,$links,$uid,$gid,$size"
			done
			;;
		*)
			listing=$(ls -ldn$follow "$@")
			IFS=$nl
			for line in $listing; do
				unset IFS
				columns $line
				entries="$entries e:$mode,$links,$uid,$gid,$size"
			done
			unset IFS
			;;
	esac
}

# Whether file $1, which is $real, must not be shown, whoever links to it: $why says so. If not, ship may follow.
is_withheld() {
	why= held_path=
	case $real in
		/proc/* | /sys/* | /dev/*) why=pseudo-file ;;
		*/shadow | */shadow[-.]* | */gshadow | */gshadow[-.]* | */opasswd | */master.passwd) why=secret-inside ;;
		*)
			if ! hold "$1" w; then
				case $why in gone) why=no-such-file ;; closed) why=owner-cannot-read ;; esac
			elif [ -z "$held_path" ] && feed "$1" grep -q -e 'PRIVATE KEY-----' -e '^Private-Lines:' -e '^[^: ]*:[!]*[$][0-9a-zA-Z]*[$]'; then
				why=secret-inside
			fi
			;;
	esac
	[ -n "$why" ]
}

# The content of file $1 as a payload, after is_withheld.
ship() { if [ "$1" = "$held_path" ]; then printf '%s\n' "$held"; else feed "$1" payload; fi; }

# Whose rights count until work_as is said without a name: for whom sshd opens it. Root's are given to nobody.
work_as() {
	as_uid=${1-} as_gid=${2-} as_name=${3-}
	[ "$as_uid" != 0 ] || as_uid=
}

# ---- The host ---------------------------------------------------------------------------------------------

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
	awk '
		function follow(file, depth,   line, word) {
			if (depth > 8) return
			while ((getline line < file) > 0) {
				sub(/#.*/, "", line)
				if (split(line, word, " ") < 2) continue
				sub(/^-/, "", word[1])
				if (word[1] == "@include") follow("/etc/pam.d/" word[2], depth + 1)
				else if (word[1] != "account") continue
				else if (word[2] == "include" || word[2] == "substack") follow("/etc/pam.d/" word[3], depth + 1)
				else if (line ~ /pam_nologin[.]so/) found = 1
			}
			close(file)
		}
		BEGIN { follow("/etc/pam.d/sshd", 0); exit !found }'
}

# ---- Accounts ---------------------------------------------------------------------------------------------

# $accounts: name:uid:gid:home:shell, a line each; never the password field, never the full name.
read_accounts() {
	is_asked=yes
	has getent || is_asked=no
	passwd=$(ask_names passwd) && passwd=$(printf '%s\n' "$passwd" | only_accounts) || passwd=
	if [ -z "$passwd" ]; then
		passwd=$(only_accounts </etc/passwd)
		[ $is_asked = no ] || unread limit getent too-late
		is_asked=no
	fi
	accounts=$passwd
	for name in "$my_name" "$login_account"; do
		case $nl$accounts in *"$nl$name:"*) continue ;; esac
		[ -n "$name" ] && passwd=$(ask_names passwd "$name") || continue
		passwd=$(printf '%s\n' "$passwd" | only_accounts)
		[ -z "$passwd" ] || accounts=$accounts$nl$passwd
	done
	printf '@accounts %s\n' $encoding
	printf '%s\n' "$accounts" | payload
	leave
	groups=$(ask_names group) && groups=$(printf '%s\n' "$groups" | only_groups) || groups=
	[ -n "$groups" ] || groups=$(only_groups </etc/group)
	if [ -n "$groups" ]; then
		printf '@groups %s\n' $encoding
		printf '%s\n' "$groups" | payload
	fi
	directories=
	if [ -r /etc/nsswitch.conf ]; then
		while read -r keyword sources; do
			case $keyword in passwd: | group: | initgroups:) ;; *) continue ;; esac
			for source in ${sources%%#*}; do
				case $source in files | compat | systemd | db | \[* | *\]) continue ;; esac
				case " $directories " in *" $source "*) continue ;; esac
				directories="$directories $source"
				unread accounts "$source" directory-service
			done
		done </etc/nsswitch.conf
	fi
	leave
	find_silent_mounts
	read_shells
	read_password_states
}

# What a directory that does not answer has begun to say may end in the middle of a name: it fails then.
ask_names() {
	[ $is_asked = yes ] || return 1
	if [ $may_stop = yes ]; then timeout -s KILL 5 getent "$@"; else getent "$@"; fi
}

# Of two accounts with one name the first counts, as everywhere on the host.
only_accounts() { awk -F: 'NF >= 7 && $1 !~ /^[+-]/ && !told[$1]++ { print $1 ":" $3 ":" $4 ":" $6 ":" $7 }'; }
only_groups() { awk -F: 'NF >= 4 { print $1 ":" $3 ":" $4 }'; }

read_shells() {
	printf '@shells -'
	seen=$nl
	printf '%s\n' "$accounts" | while IFS=: read -r name uid gid home shell; do
		case $seen in *"$nl$shell$nl"*) continue ;; esac
		seen=$seen$shell$nl
		[ -n "$shell" ] || shell=/bin/sh
		find_out "$shell"
		usable=unknown
		case $stands in
			absent | other) usable=no ;;
			file)
				# sshd asks whether anybody may execute it, not whether we may.
				look "$shell"
				case $mode in *[xst]*) usable=yes ;; ?*) usable=no ;; esac
				;;
		esac
		say $usable "$shell"
	done
	printf '\n'
}

# Of each password its class, the day on which the account expires, and the day from which a password is too old
# for PAM: its last change, its longest age and the days of grace, where there are all three.
read_password_states() {
	if [ -r /etc/shadow ]; then
		printf '@password-states %s\n' $encoding
		# Elsewhere than on Linux, sshd takes *LK* for a lock.
		awk -F: -v kernel="$(uname -s)" '{
			class = "set"
			if ($2 == "") class = "none"
			else if ($2 ~ /^!/ || (kernel != "Linux" && $2 ~ /^[*]LK[*]/)) class = "locked"
			else if ($2 ~ /^[*]/) class = "starred"
			aged = $3 > 0 && $5 ~ /^[0-9]+$/ && $7 ~ /^[0-9]+$/ ? $3 + $5 + $7 : ""
			print $1 ":" class ":" $8 ":" aged
		}' /etc/shadow | payload
		return
	fi
	unread password-state /etc/shadow needs-root
	status=$(passwd -S "$my_name" </dev/null)
	chage=$(chage -l "$my_name" </dev/null)
	encode "$my_name"
	printf '@own-password %s account:%s\n' $encoding "$token"
	printf '%s\n%s\n' "$status" "$chage" | payload
}

# ---- sshd's configuration ---------------------------------------------------------------------------------

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
	seen_configs=$nl config_keys='' near_keys='' config_principals='' config_roots='' has_match='' has_withheld='' depth=0
	asked=0 known_out=- out=''
	[ -n "$is_strange" ] || read_config "$config"
}

# Seconds since the epoch; nothing where no tool can tell.
modified_at() { date -r "$1" +%s || stat -c %Y "$1"; }

# Most hosts have one daemon; the settings of each lie apart where there are more.
KEPT='daemon_options config_keys near_keys config_principals config_roots has_match has_withheld asked known_out out files may_ask is_strange'
keep_daemon() { for kept in $KEPT; do eval "of_${daemon}_$kept=\${$kept-}"; done; }
use_daemon() { for kept in $KEPT; do eval "$kept=\${of_${daemon}_$kept}"; done; }

# The sshd that listen: $listening, a line PID COMMAND each, no command twice, four at most. Who is not root cannot tell whether they
# are what they say, and goes by none of their options.
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
			-o[Ll][Ii][Ss][Tt][Ee][Nn]* | -o[Pp][Oo][Rr][Tt]* | -o[Pp][Ii][Dd]* | -o[Pp][Ee][Rr][Ss][Oo]* | "-f$usual_config") continue ;;
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

# -f, -o and -p of a command line, into $daemon_options, a line each; a -f also sets $config. A file that others may write is not
# for root to read, nor to ask sshd by: of that daemon nothing is known.
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
	look "$1"
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
	tell_if_closed sshd-config "$pattern"
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
tell_if_closed() {
	if is_silent "${2%%[*?[]*}"; then unread "$1" "$2" no-answer; return 1; fi
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
	awk '
		function next_word(   c, quote, word, is_word) {
			sub(/^[ \t\r]+/, "", text)
			word = ""; is_word = 0; quote = ""
			while (text != "") {
				c = substr(text, 1, 1)
				if (quote == "" && (c == " " || c == "\t" || c == "\r")) break
				if (quote == "" && c == "#" && !is_word) { text = ""; break }
				text = substr(text, 2); is_word = 1
				if (quote == "" && (c == "\"" || c == "\047")) { quote = c; continue }
				if (c == quote) { quote = ""; continue }
				if (c == "\\" && (substr(text, 1, 1) == "\"" || substr(text, 1, 1) == "\047" || substr(text, 1, 1) == "\\")) {
					c = substr(text, 1, 1); text = substr(text, 2)
				}
				word = word c
			}
			return is_word ? word : ""
		}
		{
			text = $0
			sub(/^[ \t]+/, "", text)
			if (text ~ /^#/) next
			name = tolower(text)
			sub(/[ \t\r=].*/, "", name)
			gsub(/"/, "", name)
			sub(/^[^ \t\r=]*[ \t]*=?[ \t]*/, "", text)
			if (name == "match") { print "match"; is_near = tolower(text) ~ /address|host|port|rdomain|version/ }
			else if (name == "include") { while ((w = next_word()) != "") print "include " w }
			else if (name == "hostkey") { if ((w = next_word()) != "") print "host " w }
			else if (name == "revokedkeys" || name == "trustedusercakeys") { while ((w = next_word()) != "") print "file " w }
			else if (name == "authorizedprincipalsfile") { if ((w = next_word()) != "") print "principals " w }
			else if (name == "chrootdirectory") { if ((w = next_word()) != "") print "root " w }
			else if (name == "authorizedkeysfile") {
				while ((w = next_word()) != "") {
					print "key " w
					# What sshd -T prints as two is looked for by its own name, too.
					if (is_near || w ~ /[ \t]/) print "near " w
				}
			}
		}'
}

# ---- Who can log in ---------------------------------------------------------------------------------------

read_grants() {
	seen_keys=$nl sets=0 told=0
	ask=no
	if [ "$my_uid" != 0 ]; then unread sshd-effective sshd needs-root
	elif [ -z "$sshd" ]; then unread sshd-effective sshd no-tool
	else ask=yes
	fi
	for daemon in $daemons; do
		use_daemon
		may_ask=$ask
		[ -z "$is_strange" ] || may_ask=no
		keep_daemon
	done
	printf '%s\n' "$accounts" | while IFS=: read -r name account_uid account_gid home shell; do
		told=$((told + 1))
		if [ $((told % 16)) = 0 ] && is_late; then unread limit "$name" too-late; break; fi
		home_told=no is_home_known=no
		for daemon in $daemons; do
			use_daemon
			read_account
			keep_daemon
		done
	done
}

# What one daemon would let account $name in by.
read_account() {
	read_principals "$config_principals"
	may_have_keys || return
	[ $may_ask = no ] || ask_sshd
	# The answer is long and mostly the same: what it names is looked up once.
	[ "$out" = "$known_out" ] || name_files
	[ $is_home_known = yes ] || tell_home
	read_principals "$files_principals"
	read_roots "$config_roots$files_roots"
	IFS=$nl
	# The usual two also where sshd does not read them: who put a key there thinks that it does.
	for pattern in $files .ssh/authorized_keys .ssh/authorized_keys2; do
		unset IFS
		if [ "$pattern" = none ]; then :
		elif substitute "$pattern"; then read_key_paths "$path"
		else unread authorized-keys "$pattern" unknown-token
		fi
		IFS=$nl
	done
	unset IFS
}

# The values of AuthorizedKeysFile that hold or may hold, into $files, a line each: of the answer in $out, or of the
# configuration. Of the answer also what else it names.
name_files() {
	known_out=$out files_principals='' files_roots=''
	if [ -z "$out" ]; then
		files=$config_keys
		[ -n "$files" ] || files=.ssh/authorized_keys$nl.ssh/authorized_keys2
		return
	fi
	files=''
	IFS=$nl
	for line in $out; do
		unset IFS
		case $line in
			'authorizedkeysfile '*) for pattern in ${line#* }; do files=$files$pattern$nl; done ;;
			'revokedkeys '* | 'trustedusercakeys '*) for file in ${line#* }; do read_sshd_file "$file"; done ;;
			'authorizedprincipalsfile '*) files_principals=${line#* } ;;
			'chrootdirectory '*) files_roots=${line#* } ;;
		esac
		IFS=$nl
	done
	[ -n "$files" ] || files=.ssh/authorized_keys$nl.ssh/authorized_keys2$nl
	for pattern in $near_keys; do
		case $nl$files in *"$nl$pattern$nl"*) ;; *) files=$files$pattern$nl ;; esac
	done
	unset IFS
}

# The home of the account without links, where it is not as it is written: StrictModes looks no further than there.
tell_home() {
	is_home_known=yes
	case $home in /*) ;; *) return ;; esac
	resolve "$home"
	[ -n "$real" ] && [ "$real" != "$home" ] || return
	printf '@home -'
	say account "$name"
	say real "$real"
	printf '\n'
}

# AuthorizedPrincipalsFile's values $1, a line each, for the account.
read_principals() {
	IFS=$nl
	for pattern in $1; do
		unset IFS
		if [ "$pattern" != none ] && substitute "$pattern"; then
			case $pattern in
				*[*?[]*)
					tell_if_closed sshd-config "$path" || { IFS=$nl; continue; }
					IFS=
					set +f
					set -- $path
					set -f
					unset IFS
					for path do read_sshd_file "$path" account; done
					;;
				*) read_sshd_file "$path" account ;;
			esac
		fi
		IFS=$nl
	done
	unset IFS
}

# ChrootDirectory's values $1, a line each, for the account: sshd looks at each folder on the way as it is written.
read_roots() {
	IFS=$nl
	for pattern in $1; do
		unset IFS
		if [ "$pattern" != none ] && substitute "$pattern"; then
			case $seen_sshd_files in
				*"$nl$path$nl"*) ;;
				*)
					seen_sshd_files=$seen_sshd_files$path$nl
					encode "$path"
					find_out "$path"
					case $stands in
						absent) printf '@folder - path:%s why:no-such-file\n' "$token" ;;
						hidden) printf '@folder - path:%s why:cannot-tell\n' "$token" ;;
						*) walk "$path" L; printf '@folder - path:%s%s\n' "$token" "$entries" ;;
					esac
					;;
			esac
		fi
		IFS=$nl
	done
	unset IFS
}

# Ships a file that sshd's settings name: which keys are taken back, whose certificates are trusted, for which names.
# With "account" as $2 sshd opens it as account $name.
read_sshd_file() {
	case $1 in /*) ;; *) return ;; esac
	case $seen_sshd_files in *"$nl$1$nl"*) return ;; esac
	# Of those for each account most are not there, and each is asked for once.
	[ "${2-}" = account ] && [ "$pattern" != "$1" ] || seen_sshd_files=$seen_sshd_files$1$nl
	find_out "$1"
	encode "$1"
	shown=$token why=
	case $stands in
		absent) why=no-such-file ;;
		hidden) why=cannot-tell ;;
		other) [ -d "$1" ] && why=is-folder || why=not-regular ;;
		file) resolve "$1"; [ -n "$real" ] || why=cannot-tell ;;
	esac
	if [ -n "$why" ]; then printf '@sshd-file - path:%s why:%s\n' "$shown" $why; return; fi
	walk "$real"
	[ "${2-}" != account ] || work_as "$account_uid" "$account_gid" "$name"
	if [ ! -r "$real" ]; then why=not-permitted
	elif [ "${2-}" = account ] && ! is_theirs "$1" && ! can_account_read "$1"; then why=account-cannot-read
	else is_withheld "$1"
	fi
	case ${2-}$why in accountowner-cannot-read | accountno-such-file) why=account-cannot-read ;; esac
	work_as
	[ -n "$why" ] && with=- || with=$encoding
	printf '@sshd-file %s path:%s' $with "$shown"
	say real "$real"
	printf '%s' "$entries"
	if [ -n "$why" ]; then printf ' why:%s\n' $why; return; fi
	printf '\n'
	ship "$1"
}

# Whether any file that the configuration names for account $name may be there: most have none, and to ask sshd for
# each of thousands would take all the time there is. Root is always asked for.
may_have_keys() {
	[ -n "$has_match" ] && [ -z "$has_withheld" ] && [ $may_ask = yes ] && [ "$account_uid" != 0 ] || return 0
	case $daemon_options in *[Ff][Ii][Ll][Ee]*) return 0 ;; esac
	IFS=$nl
	for pattern in $config_keys .ssh/authorized_keys .ssh/authorized_keys2; do
		unset IFS
		case $pattern in *[*?[]*) return 0 ;; esac
		substitute "$pattern" || return 0
		find_out "$path"
		[ $stands = absent ] || return 0
		IFS=$nl
	done
	unset IFS
	return 1
}

# What sshd would do for account $name, into $out; each distinct answer is told once. Without Match, one answer serves all.
ask_sshd() {
	user=$name
	if [ -z "$has_match" ]; then
		[ $asked = 0 ] || return
		asked=1 user=root
	fi
	case $user in
		*,*) unread sshd-effective "$user" odd-name; out=; return ;;
	esac
	leave
	answer=$(run_sshd)
	if [ -z "$answer" ]; then
		out=
		# sshd says the line that it does not understand.
		[ -n "$has_withheld" ] && detail= || detail=$(run_sshd 2>&1 >/dev/null)
		unread sshd-effective "$user" command-failed "$detail"
		[ -n "$has_match" ] || may_ask=no
		return
	fi
	set=1
	while [ $set -le $sets ]; do
		eval "[ \"\$answer\" = \"\$answer_$set\" ]" && break
		set=$((set + 1))
	done
	if [ $set -gt $sets ]; then
		sets=$set
		eval "answer_$set=\$answer out_$set=\$(printf '%s\n' \"\$answer\" | only_access)"
		eval "out=\$out_$set"
		printf '@effective %s set:%s\n' $encoding $set
		printf '%s\n' "$out" | payload
	fi
	eval "out=\$out_$set"
	if [ -z "$has_match" ]; then printf '@effective-for - daemon:%s set:%s all:yes\n' $daemon $set
	else encode "$name"; printf '@effective-for - daemon:%s set:%s account:%s\n' $daemon $set "$token"
	fi
}

# The address stands for "somebody elsewhere": it is kept for documentation and belongs to no host.
run_sshd() {
	IFS=$nl
	set -- $daemon_options
	unset IFS
	"$sshd" "$@" -T -C "user=$user,host=elsewhere.invalid,addr=192.0.2.1,laddr=192.0.2.2,lport=22" </dev/null
}

# Of sshd's settings those that decide about access.
only_access() {
	awk '
		BEGIN {
			n = split("authorizedkeysfile authorizedkeyscommand authorizedkeyscommanduser pubkeyauthentication " \
				"authenticationmethods allowusers denyusers allowgroups denygroups permitrootlogin strictmodes usepam refuseconnection " \
				"revokedkeys trustedusercakeys authorizedprincipalsfile authorizedprincipalscommand " \
				"authorizedprincipalscommanduser pubkeyacceptedalgorithms pubkeyacceptedkeytypes pubkeyauthoptions " \
				"casignaturealgorithms requiredrsasize port listenaddress chrootdirectory forcecommand loglevel usedns hostkey " \
				"allowtcpforwarding allowstreamlocalforwarding disableforwarding permittty subsystem", keyword, " ")
			for (i = 1; i <= n; i++) wanted[keyword[i]] = 1
		}
		tolower($1) in wanted'
}

# Puts the tokens of AuthorizedKeysFile value $1 in place for the account, into $path.
substitute() {
	rest=$1 path=
	while :; do
		case $rest in *%*) ;; *) break ;; esac
		path=$path${rest%%%*}
		rest=${rest#*%}
		case $rest in
			%*) path=$path% ;;
			h*) path=$path$home ;;
			u*) path=$path$name ;;
			U*) path=$path$account_uid ;;
			*) return 1 ;;
		esac
		rest=${rest#?}
	done
	path=$path$rest
	case $path in /*) ;; *) path=$home/$path ;; esac
	while :; do
		case $path in *//*) path=${path%%//*}/${path#*//} ;; *) break ;; esac
	done
}

# One value of AuthorizedKeysFile: a path, and from OpenSSH 10 on a pattern.
read_key_paths() {
	case $version$1 in
		OpenSSH_[1-9][0-9]*[*?[]*)
			tell_if_closed authorized-keys "$1" || return
			IFS=
			set +f
			set -- $1
			set -f
			unset IFS
			;;
	esac
	for path do read_keys "$path"; done
}

read_keys() {
	find_out "$1"
	[ $stands != absent ] || return
	if [ $stands = hidden ]; then
		case $1 in
			"$home"/*)
				why=
				if is_silent "$home"; then why=no-answer
				elif is_below "$home" "$closed_mounts"; then why=not-permitted
				elif [ -d "$home" ] && [ ! -x "$home" ]; then why=not-permitted
				fi
				if [ -n "$why" ]; then
					[ $home_told = yes ] || unread home "$home" $why
					home_told=yes
					return
				fi
				;;
		esac
		unread_keys "$1" cannot-tell
		return
	fi
	encode "$name"
	account=$token
	encode "$1"
	case $seen_keys in
		*"$nl$1$nl"*) printf '@authorized-keys-for - path:%s account:%s\n' "$token" "$account"; return ;;
	esac
	seen_keys=$seen_keys$1$nl
	resolve "$1"
	if [ $stands = other ]; then unread_keys "$1" not-regular; return; fi
	if [ -z "$real" ]; then unread_keys "$1" cannot-tell; return; fi
	walk "$real"
	why=
	work_as "$account_uid" "$account_gid" "$name"
	if [ ! -r "$real" ]; then why=not-permitted
	elif ! is_theirs "$1" && ! can_account_read "$1"; then why=account-cannot-read
	else is_withheld "$1"
	fi
	work_as
	# What root alone finds is not there for the account.
	case $why in owner-cannot-read | no-such-file) why=account-cannot-read ;; esac
	if [ -n "$why" ]; then
		# Another account that names the same file may be able to read it.
		[ $why != account-cannot-read ] || seen_keys=${seen_keys%"$1$nl"}
		unread_keys "$1" $why
		return
	fi
	describe_keys "$1" $encoding
	printf '\n'
	ship "$1"
}

unread_keys() { describe_keys "$1" -; printf ' why:%s\n' "$2"; }

describe_keys() {
	printf '@authorized-keys %s' "$2"
	say path "$1"
	say account "$name"
	if [ -h "$1" ]; then printf ' link:yes'; else printf ' link:no'; fi
	[ $stands = file ] && [ -n "$real" ] || return
	say real "$real"
	say written "$written"
	printf %s "$entries"
	[ "$real" != "$1" ] || return
	# On its way sshd goes through the folders of the path as it is written, too.
	set -- "$entries" "$mode" "$uid" "$gid" "$1"
	walk "$5" L
	for found in $entries; do printf ' through:%s' "${found#e:}"; done
	entries=$1 mode=$2 uid=$3 gid=$4
}

# Whether file $1 will be opened with no rights but those of the account: nobody needs to judge before what it may read.
is_theirs() { ! is_roots_place "$1" && drops_to "$as_uid" "$as_name"; }

# sshd opens file $1 as the account. What that account could not open is none of ours to show either: a link to
# somebody's secret must not bring it into the stream. Asks what `walk "$real"` left.
can_account_read() {
	[ "$account_uid" != 0 ] || return 0
	may_account r "$mode" "$uid" "$gid" || return 1
	# Without a link, who closed the folder did not mean to hide the file from us.
	[ "$real" != "$1" ] || return 0
	last="$mode,$links,$uid,$gid,$size"
	for found in $entries; do
		found=${found#e:}
		[ "$found" != "$last" ] || continue
		IFS=,
		set -- $found
		unset IFS
		may_account x "$1" "$3" "$4" || return 1
	done
}

# Whether the account has right $1, r or x, to a thing of mode $2, user $3 and group $4. ACLs are not looked at.
may_account() {
	if [ "$3" = "$account_uid" ]; then
		case $1$2 in r?r* | x???[xs]*) return 0 ;; *) return 1 ;; esac
	fi
	case $1$2 in r???????r* | x?????????[xt]*) return 0 ;; r????r* | x??????[xs]*) ;; *) return 1 ;; esac
	for group in $account_gid $(id -G "$name"); do
		[ "$group" != "$4" ] || return 0
	done
	return 1
}

# ---- Keys -------------------------------------------------------------------------------------------------

read_host_keys() {
	seen_files=$nl
	set +f
	set -- /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
	set -f
	IFS=$nl
	set -- $config_host_keys "$@"
	unset IFS
	for file do
		case $file in
			*.pub)
				[ -f "$file" ] && [ -r "$file" ] || continue
				public_key "$file"
				;;
			*)
				if [ -f "$file.pub" ] && [ -r "$file.pub" ]; then public_key "$file.pub"
				elif [ -e "$file" ] && [ ! -r "$file" ]; then unread host-key "$file" not-permitted
				fi
				[ ! -r "$file" ] || read_key_file "$file" host
				;;
		esac
	done
	[ $is_carried = yes ] || return
	# Where the configuration names none, sshd has these.
	set -- /etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_ecdsa_key /etc/ssh/ssh_host_rsa_key
	IFS=$nl
	[ -z "$config_host_keys" ] || set -- $config_host_keys
	unset IFS
	for file do printf '@signer %s\n' "$file"; done
}

public_key() {
	case $seen_files in *"$nl$1$nl"*) return ;; esac
	seen_files=$seen_files$1$nl
	resolve "$1"
	look "$1"
	is_withheld "$1" && return
	encode "$1"
	printf '@host-key %s path:%s\n' $encoding "$token"
	take "$1" | head -c 16384 | payload
}

# Private keys where people keep them: in ~/.ssh, beside it, and in /etc/ssh. Of homes also where their accounts have been: both
# are read at once, with the rights of the account.
read_homes() {
	seen_homes=$nl told=0 all_looked=0 outbound_left=3072
	{ printf '%s\n' "$accounts"; printf ':::/etc:\n'; } | while IFS=: read -r name account_uid account_gid home shell; do
		case $seen_homes in *"$nl$home$nl"*) continue ;; esac
		seen_homes=$seen_homes$home$nl
		case $home in /*) ;; *) continue ;; esac
		told=$((told + 1))
		if [ $((told % 64)) = 0 ] && is_late; then unread limit "$home" too-late; break; fi
		folder=$home/.ssh
		[ -n "$name" ] || folder=/etc/ssh
		if is_silent "$folder"; then
			unread key-file "$folder" no-answer
			[ -z "$name" ] || unread outbound "$home" no-answer
			continue
		fi
		list_home
		all_looked=$((all_looked + looked))
		if [ $all_looked -ge 64 ]; then
			all_looked=0
			if is_late; then unread limit "$folder" too-late; break; fi
		fi
		work_as
		if [ -n "$in_ssh" ]; then read_home "$folder/.ssh" "$in_ssh"; fi
		if [ -n "$in_home" ]; then read_home "$home/.ssh" "$in_home"; fi
	done
}

# The files of a home that may be private keys, a line each, and those that say where its account has been: $in_ssh and $in_home.
list_home() {
	in_ssh= in_home= looked=0
	if [ -d "$folder" ] && { [ ! -r "$folder" ] || [ ! -x "$folder" ]; }; then unread key-file "$folder" not-listed
	else
		set +f
		set -- "$folder"/* "$folder"/.[!.]*
		set -f
		for file do
			case $file in
				*.pub | */authorized_keys* | */moduli | */ssh_host_*_key | */environment | */rc | *"$nl"*) continue ;;
				*/config | */known_hosts*) continue ;;
			esac
			list_file k "$file" && in_ssh=$in_ssh$listed
		done
	fi
	[ -n "$name" ] || return
	for file in "$home/.ssh/known_hosts" "$home/.ssh/known_hosts2" "$home/.ssh/config"; do
		[ ! -f "$file" ] || in_ssh=${in_ssh}w:$file$nl
	done
	set +f
	set -- "$home"/id_* "$home"/*.pem "$home"/*.ppk
	set -f
	for file do
		case $file in *.pub | *"$nl"*) continue ;; esac
		list_file k "$file" && in_home=$in_home$listed
	done
}

# As $listed, if it may be read at all.
list_file() {
	[ -f "$2" ] || return 1
	looked=$((looked + 1))
	if [ $looked -ge 256 ]; then
		[ $looked -gt 256 ] || unread limit "$2" too-many-files
		return 1
	fi
	listed=$1:$2$nl
}

# read_home FILE LIST: reads what is listed, all of which lies in the folder of FILE.
read_home() {
	if is_roots_place "$1"; then
		IFS=$nl
		for file in $2; do
			unset IFS
			read_listed "$file"
			IFS=$nl
		done
		unset IFS
		return
	fi
	work_as "$account_uid" "$account_gid" "$name"
	if choose_rights "$1"; then
		some= many=0
		IFS=$nl
		for file in $2; do
			unset IFS
			some=$some$file$nl many=$((many + 1))
			if [ $many = 20 ]; then read_some "$some"; some= many=0; fi
			IFS=$nl
		done
		unset IFS
		[ $many = 0 ] || read_some "$some"
	fi
	work_as
}

# As many as fit into one answer: twenty files of 128 KiB, in whatever code.
read_some() {
	words=
	IFS=$nl
	for file in $1; do
		unset IFS
		word_for "${file%%:*}" "${file#*:}"
		words=$words$word$nl
		IFS=$nl
	done
	set -- "$1" $words
	unset IFS
	listed=$1
	shift
	fetch "$rights_uid" "$rights_gid" "$rights_name" 2 "$@"
	set -- $fetched
	IFS=$nl
	for file in $listed; do
		unset IFS
		take_answer "${1-}" "${2-}" && held_path=${file#*:} || held_path=
		[ $# -lt 2 ] || shift 2
		case $why in
			gone) ;;
			closed | not-ended | cannot-judge | secret-inside) leave_listed "$file" ;;
			*) read_listed "$file" ;;
		esac
		IFS=$nl
	done
	unset IFS
	held_path= held=
}

# What could not be read: told of a file that by its name is a key, or is shown.
leave_listed() {
	[ $why != closed ] || why=owner-cannot-read
	case $1 in
		w:*) [ $why = owner-cannot-read ] || unread outbound "${1#w:}" $why ;;
		*/id_* | k:*key* | *.pem | *.ppk) unread key-file "${1#k:}" $why ;;
		# Root would have seen what it is.
		*) [ "$my_uid" != 0 ] && [ $why != not-ended ] && [ $why != cannot-judge ] || unread key-file "${1#k:}" $why ;;
	esac
}

read_listed() {
	file=${1#*:}
	case $1 in
		*/config) ship_outbound client-config "$file"; return ;;
		w:*) ship_outbound known-hosts "$file"; return ;;
	esac
	resolve "$file"
	case $real in '' | /proc/* | /sys/* | /dev/*) return ;; esac
	if [ ! -r "$file" ]; then
		case $file in */id_* | *key* | *.pem | *.ppk) unread key-file "$file" not-permitted ;; esac
		return
	fi
	read_key_file "$file" maybe
}

# Tells of one private key file: what it is, and its public half. $2 is "host" if that half is a host key as well,
# "maybe" if the file may be anything: then it is told only if it is a key.
read_key_file() {
	case $seen_files in *"$nl$1$nl"*) return ;; esac
	seen_files=$seen_files$1$nl
	[ -f "$1" ] || return
	if [ ! -r "$1" ]; then unread key-file "$1" not-permitted; return; fi
	if [ "$1" != "$held_path" ] && ! hold "$1" k 2; then
		[ $why = gone ] || leave_listed "k:$1"
		return
	fi
	look "$1"
	if [ "$size" -gt 65536 ] && [ $key_form != kubernetes ]; then
		[ "${2-}" = maybe ] || unread key-file "$1" too-large
		return
	fi
	if [ $key_form = plain ]; then facts=$(feed "$1" inspect_key)
	else facts=$(key_text "$1" | inspect_key)
	fi
	case ${2-}$facts in maybe*' format:unknown'*) return ;; esac
	case $facts in
		*' derive:yes'*) derive_public_key "$1" ;;
		*' why:encrypted'*) look_beside "$1.pub" ;;
	esac
	case ${2-} in
		host) facts="$facts host:yes" ;;
		maybe) sign_key "$1" ;;
	esac
	encode "$1"
	printf '@key-file - path:%s e:%s,%s,%s,%s,%s%s\n' "$token" "$mode" "$links" "$uid" "$gid" "$size" "$facts"
}

# Has an unlocked private key sign the nonce of this visit, with the rights of whoever owns it: what the file shows of a key anybody can
# write there. So many keys a visit are asked, and none once it is late. Into $facts.
sign_key() {
	case $facts in *' encrypted:no'*) ;; *) return ;; esac
	case $facts in *' format:putty'* | *' why:'*) return ;; esac
	signed_keys=$((${signed_keys:-0} + 1))
	if [ $signed_keys -gt 64 ] || { [ $signed_keys -gt 8 ] && is_late; }; then facts="$facts proof:unasked"; return; fi
	name_signing_host
	set -- "$1" "latchkey-possession 2${nl}nonce $nonce${nl}host $signing_host${nl}path $1$nl"
	ask_key "$rights_uid" "$rights_gid" "$rights_name" "$@"
	# ssh-keygen refuses its owner a file that others can read: one of those is asked.
	case $proof,$mode in
		unsigned,????r* | unsigned,???????r*) ! drops_to 65534 '' || ask_key 65534 65534 '' "$@" ;;
	esac
	[ -n "$proof" ] || hurry
	case $proof in
		'' | *[!A-Za-z0-9+/=,-]*) proof=unsigned ;;
	esac
	facts="$facts proof:$proof"
}

# ask_key UID GID NAME PATH TEXT: into $proof, with the rights of that account where others than root may write.
ask_key() {
	proof=$(printf %s "$5" | {
		if [ "$4" != "$held_path" ]; then $drop_limit sh -c "$possession_script" sh "$4"
		elif drops_to "$1" "$3"; then as_account "$1" "$2" "$3" "$possession_script" "$4"
		elif [ "$my_uid" != 0 ]; then $drop_limit sh -c "$possession_script" sh "$4"
		fi
	} | $reading_late head -c 8192)
}

# As fingerprints, into $signing_host: what is signed is nothing on another host.
name_signing_host() {
	[ -z "${signing_host+x}" ] || return 0
	set +f
	set -- /etc/ssh/ssh_host_*_key.pub
	set -f
	signing_host=$(cat "$@" | ssh-keygen -l -f - | awk '{ printf "%s%s", (NR > 1 ? "," : ""), $2 }')
	encode "$signing_host"
	printf '@signing - host:%s\n' "$token"
}

# The text of the private key in file $1. It goes into pipes alone.
key_text() {
	case $key_form in
		kubernetes) take "$1" | kubernetes_parts key ;;
		der)
			printf '%s\n' "-----BEGIN $key_label-----"
			if has base64; then take "$1" | base64; else take "$1" | openssl base64; fi
			printf '%s\n' "-----END $key_label-----"
			;;
		*) take "$1" ;;
	esac
}

# The public key that lies beside a private one that does not show its own: likely, and never proven.
look_beside() {
	[ -f "$1" ] && [ -r "$1" ] || return
	kept_path=$held_path kept=$held
	if hold "$1" k 1; then set -- $(take "$1" | head -c 16384 | tr -d '\0'); else set --; fi
	held_path=$kept_path held=$kept
	type=${1-} beside=${2-}
	case $type in ssh-* | ecdsa-* | sk-*) ;; *) return ;; esac
	case $beside in '' | *[!A-Za-z0-9+/=]*) ;; *) facts="$facts beside:$beside" ;; esac
}

# An unencrypted PEM or PKCS#8 key, through a pipe: ssh-keygen refuses a file that others can read. The pipe is
# awk's, for those of ksh are sockets, which ssh-keygen cannot open by name.
derive_public_key() {
	facts=${facts%' derive:yes'}
	private=$1
	for input in /dev/stdin /dev/fd/0 /proc/self/fd/0; do [ ! -e $input ] || break; done
	public=$(key_text "$private" | awk -v run="ssh-keygen -y -P '' -f $input" '{ print | run }')
	set -- $public
	case ${1-} in
		ssh-* | ecdsa-*) case ${2-} in '' | *[!A-Za-z0-9+/=]*) ;; *) facts="$facts b64:$2"; return ;; esac ;;
	esac
	# What OpenSSH has no kind for.
	if [ $may_stop = yes ] && has openssl; then
		public=$(key_text "$private" | timeout -s KILL 3 openssl pkey -pubout -outform DER -passin pass: | od -An -v -tx1 | tr -d ' \n')
		case $public in 30*) facts="$facts spki:$public"; return ;; esac
	fi
	facts="$facts why:no-public-half"
}

# The facts of a private key as attributes. Only what stands in clear before the private part is decoded, and a
# blob is given out only if it has exactly the parts of its type: a false length cannot pull the rest along.
inspect_key() {
	awk '
		function decode_line(s,   i, c) {
			for (i = 1; i <= length(s); i++) {
				c = index(ALPHABET, substr(s, i, 1)) - 1
				if (c < 0) continue
				bits = bits * 64 + c; held += 6
				if (held >= 8) {
					held -= 8
					byte[size++] = int(bits / 2 ^ held)
					bits = bits % 2 ^ held
				}
			}
		}
		function number(   v) {
			v = ((byte[at] * 256 + byte[at + 1]) * 256 + byte[at + 2]) * 256 + byte[at + 3]
			at += 4
			return v
		}
		function text(   n, s) {
			n = number(); s = ""
			if (n > 200 || at + n > size) { at = size + 1; return "" }
			while (n-- > 0) s = s sprintf("%c", byte[at++])
			return s
		}
		function openssh(   i, cipher, length_of_blob, end, start, type, parts, hex) {
			format = "openssh"
			if (size < 60) { why = "malformed"; return }
			for (i = 0; i < 14; i++) if (byte[i] != MAGIC[i + 1]) { why = "malformed"; return }
			at = 15
			cipher = text()
			if (cipher == "") { why = "malformed"; return }
			encrypted = cipher == "none" ? "no" : "yes"
			derivation = text()
			if (cipher !~ /^[a-z0-9@.-]+$/ || derivation !~ /^[a-z0-9@.-]+$/) { why = "malformed"; return }
			end = number(); end += at
			if (encrypted == "yes") lock = " cipher:" cipher " kdf:" derivation
			if (derivation == "bcrypt") { at += number(); if (at + 4 == end) lock = lock " rounds:" number() }
			at = end
			if (number() != 1) { why = "malformed"; return }
			length_of_blob = number(); start = at; end = at + length_of_blob
			if (length_of_blob > 8192 || end > size) { why = "malformed"; return }
			type = text()
			parts = PARTS[type]
			if (parts == "") { why = "unknown-type"; return }
			while (parts-- > 1 && at < end) at += number()
			if (at != end || parts > 0) { why = "malformed"; return }
			for (i = start; i < end; i++) hex = hex sprintf("%02x", byte[i])
			blob = " hex:" hex
		}
		BEGIN {
			ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
			split("111 112 101 110 115 115 104 45 107 101 121 45 118 49", MAGIC, " ")
			PARTS["ssh-ed25519"] = 2; PARTS["ssh-rsa"] = 3; PARTS["ssh-dss"] = 5
			PARTS["ecdsa-sha2-nistp256"] = PARTS["ecdsa-sha2-nistp384"] = PARTS["ecdsa-sha2-nistp521"] = 3
			PARTS["sk-ssh-ed25519@openssh.com"] = 3; PARTS["sk-ecdsa-sha2-nistp256@openssh.com"] = 4
			PARTS["ssh-mldsa44-ed25519@openssh.com"] = 2
			format = "unknown"; encrypted = "unknown"
		}
		{ sub(/\r$/, "") }
		part == "" && /-----BEGIN OPENSSH PRIVATE KEY-----/ { part = "openssh"; next }
		part == "" && /-----BEGIN ENCRYPTED PRIVATE KEY-----/ { part = "end"; format = "pkcs8"; encrypted = "yes"; why = "encrypted"; exit }
		part == "" && /-----BEGIN PRIVATE KEY-----/ { part = "pem"; format = "pkcs8"; encrypted = "no"; next }
		part == "" && /-----BEGIN (RSA|EC|DSA) PRIVATE KEY-----/ { part = "pem"; format = "pem"; encrypted = "no"; next }
		part == "" && /^PuTTY-User-Key-File-[0-9]/ { part = "putty"; format = "putty"; next }
		part == "openssh" && /^-----END/ { exit }
		part == "openssh" { if (size < 12288) decode_line($0); next }
		part == "pem" && /^Proc-Type:.*ENCRYPTED/ { encrypted = "yes"; why = "encrypted"; next }
		part == "pem" && encrypted == "yes" {
			if ($0 ~ /^DEK-Info: *[A-Za-z0-9-]+,/) { sub(/^DEK-Info: */, ""); sub(/,.*/, ""); lock = " cipher:" tolower($0) " kdf:md5" }
			exit
		}
		part == "pem" && /^-----END/ { derive = 1; exit }
		part == "putty" && /^Private-/ { exit }
		part == "putty" && /^Encryption: [a-z0-9-]+$/ {
			encrypted = $2 == "none" ? "no" : "yes"
			if (encrypted == "yes") lock = " cipher:" $2
		}
		part == "putty" && /^Key-Derivation: [A-Za-z0-9]+$/ { lock = lock " kdf:" tolower($2) }
		part == "putty" && /^Argon2-Passes: [0-9]+$/ { lock = lock " rounds:" $2 }
		part == "putty" && /^Public-Lines:/ { left = $2 + 0; next }
		part == "putty" && left > 0 {
			if ($0 !~ /^[A-Za-z0-9+\/=]+$/ || left > 200) { why = "malformed"; exit }
			public = public $0
			if (--left == 0) blob = " b64:" public
			next
		}
		END {
			if (part == "openssh") openssh()
			if (part == "putty" && blob == "" && why == "") why = "malformed"
			if (part == "pem" && !derive && why == "") why = "malformed"
			if (part == "") why = "malformed"
			printf " format:%s encrypted:%s%s%s", format, encrypted, lock, blob
			if (why != "") printf " why:%s", why
			if (derive) printf " derive:yes"
		}'
}

# ---- Who becomes whom, and where accounts have been -------------------------------------------------------

# The rules of sudo and doas, open agents, and the hosts that accounts know.
read_reach() {
	if has sudo; then
		seen_sudoers=$nl depth=0 sudoers_left=300
		sudoers=/etc/sudoers
		[ -e $sudoers ] || [ ! -e /usr/local/etc/sudoers ] || sudoers=/usr/local/etc/sudoers
		read_sudoers $sudoers
		[ ! -r /etc/nsswitch.conf ] || while read -r keyword sources; do
			[ "$keyword" = sudoers: ] || continue
			for source in ${sources%%#*}; do
				case $source in files | \[* | *\]) ;; *) unread sudo "$source" directory-service ;; esac
			done
		done </etc/nsswitch.conf
	fi
	if has doas; then
		for file in /etc/doas.conf /usr/local/etc/doas.conf; do
			find_out $file
			if [ $stands = hidden ]; then unread sudo $file needs-root; fi
			[ $stands != file ] || ship_rules doas $file
		done
	fi
	read_agents
	read_outbound
}

# One file of rules with its mode, for sudo refuses what others may write.
ship_rules() {
	if [ ! -r "$2" ]; then unread sudo "$2" needs-root; return 1; fi
	resolve "$2"
	look "$2"
	if is_withheld "$2"; then unread sudo "$2" $why; return 1; fi
	encode "$2"
	printf '@%s %s path:%s e:%s,%s,%s,%s,%s\n' "$1" $encoding "$token" "$mode" "$links" "$uid" "$gid" "$size"
	ship "$2"
}

# Ships one file of sudoers and whatever it includes.
read_sudoers() {
	case $seen_sudoers in *"$nl$1$nl"*) return ;; esac
	seen_sudoers=$seen_sudoers$1$nl
	sudoers_left=$((sudoers_left - 1))
	if [ $sudoers_left -lt 0 ] || [ $depth -ge 32 ]; then unread sudo "$1" too-deep; return; fi
	find_out "$1"
	case $stands in
		absent) unread sudo "$1" no-such-file; return ;;
		hidden) unread sudo "$1" needs-root; return ;;
		other) unread sudo "$1" not-regular; return ;;
	esac
	ship_rules sudoers "$1" || return
	scan=$(feed "$1" scan_sudoers "$1")
	depth=$((depth + 1))
	IFS=$nl
	for found in $scan; do
		unset IFS
		case $found in
			'file '*) read_sudoers "${found#file }" ;;
			'folder '*) read_sudoers_folder "${found#folder }" ;;
		esac
		IFS=$nl
	done
	unset IFS
	depth=$((depth - 1))
}

# sudo passes over names with a dot, and those that end in "~".
read_sudoers_folder() {
	if [ -d "$1" ] && { [ ! -r "$1" ] || [ ! -x "$1" ]; }; then unread sudo "$1" needs-root; return; fi
	encode "$1"
	printf '@sudoers-folder - folder:%s' "$token"
	paths=
	set +f
	for path in "$1"/*; do
		set -f
		case ${path##*/} in *.* | *~ | *"$nl"*) continue ;; esac
		[ -f "$path" ] || continue
		say path "$path"
		paths=$paths$path$nl
	done
	set -f
	printf '\n'
	IFS=$nl
	for path in $paths; do unset IFS; read_sudoers "$path"; IFS=$nl; done
	unset IFS
}

# "file PATH" and "folder PATH" of what a file of sudoers includes; $1 is its own path.
scan_sudoers() {
	awk -v own="$1" -v host="$(uname -n)" '
		BEGIN { sub(/\..*/, "", host); sub(/[^\/]*$/, "", own) }
		/^[ \t]*[@#]include(dir)?[ \t]/ {
			kind = $1 ~ /dir$/ ? "folder" : "file"
			sub(/^[ \t]*[@#]include(dir)?[ \t]+/, "")
			path = ""
			quoted = 0
			while ($0 != "") {
				c = substr($0, 1, 1); $0 = substr($0, 2)
				if (c == "\\") { path = path substr($0, 1, 1); $0 = substr($0, 2) }
				else if (c == "\"") quoted = !quoted
				else if (!quoted && (c == " " || c == "\t" || c == "\r")) break
				else path = path c
			}
			while (i = index(path, "%h")) path = substr(path, 1, i - 1) host substr(path, i + 2)
			print kind " " (path ~ /^\// ? path : own path)
		}'
}

# Agents whose sockets are open now, by their owner. The kernel tells which are: one that crashed leaves its file.
read_agents() {
	[ -r /proc/net/unix ] || return
	agents=$(awk '$NF ~ /^\/tmp\/ssh-[A-Za-z0-9]+\/agent\.[0-9]+$/ || $NF ~ /^\/[^ ]*\/\.ssh\/agent\/s\.[A-Za-z0-9.]+$/ {
		if (!told[$NF]++ && count++ < 200) print $NF }' /proc/net/unix)
	for path in $agents; do
		folder=${path%/*}
		# Whoever made the socket may have put a link to somebody else's folder in its place.
		[ -d "$folder" ] && [ ! -h "$folder" ] || continue
		look "$folder"
		kind=unknown
		case $path in
			/tmp/*)
				# The number is the login that forwards it, or the shell that an agent was started from.
				name=
				[ ! -r "/proc/${path##*.}/comm" ] || read -r name <"/proc/${path##*.}/comm"
				case $name in
					sshd | sshd-session) kind=forwarded ;;
					*) [ "$my_uid" != 0 ] || kind=local ;;
				esac
				;;
			*.sshd.*) kind=forwarded ;;
			*.agent.*) kind=local ;;
		esac
		printf '@agent -'
		say path "$path"
		printf ' uid:%s kind:%s\n' "$uid" $kind
	done
}

# Where accounts have been: known_hosts, and of ssh_config what names a host, a login and a key. Of the host itself; of homes by read_homes.
read_outbound() {
	outbound_left=3072
	for file in /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2; do
		name='' account_uid=0 account_gid=0
		ship_outbound known-hosts $file
	done
}

# The first 64 KiB of a file that the account itself can read; of one that is held that is known.
ship_outbound() {
	[ -f "$2" ] || return
	if [ ! -r "$2" ]; then unread outbound "$2" not-permitted; return; fi
	resolve "$2"
	[ -n "$real" ] || return
	walk "$real"
	if [ "$2" != "$held_path" ]; then
		can_account_read "$2" || return
		if is_withheld "$2"; then unread outbound "$2" $why; return; fi
	elif ! drops_to "$account_uid" "$name" && ! can_account_read "$2"; then return
	fi
	if [ $outbound_left -le 0 ]; then unread outbound "$2" too-many-outbound; return; fi
	# In KiB, and no file costs nothing.
	[ "$size" -le 65536 ] && outbound_left=$((outbound_left - 4 - size / 1024)) || outbound_left=$((outbound_left - 68))
	encode "$name"
	account=$token
	encode "$2"
	printf '@%s %s path:%s account:%s' "$1" $encoding "$token" "$account"
	[ "$size" -le 65536 ] || printf ' cut:yes'
	printf '\n'
	if [ $1 = client-config ]; then take "$2" | head -c 65536 | only_hosts | payload
	elif [ "$2" = "$held_path" ] && [ "$size" -le 65536 ]; then ship "$2"
	else take "$2" | head -c 65536 | payload
	fi
}

only_hosts() {
	awk '{
		keyword = tolower($1)
		sub(/=.*/, "", keyword)
		if (keyword ~ /^(host|match|hostname|user|port|identityfile)$/) print
	}'
}

# ---- Certificates -----------------------------------------------------------------------------------------

read_certificates() {
	seen_certificates=$nl told_files=$nl told_folders=$nl keystores='' trusted=0 folders=0 kubernetes_file=''
	homes=$(printf '%s\n' "$accounts" | cut -d: -f4 | sort -u | head -n 2000)
	walk_certificates
	[ $trusted = 0 ] || unread trust-store /etc/ssl/certs trust-store $trusted
	read_kubernetes
	read_servers
	read_archive
	read_keystores
}

# Folders wait in the positional parameters: recursion without local variables.
walk_certificates() {
	set -- /etc/ssl /etc/pki /etc/letsencrypt /etc/kubernetes/pki /var/lib/kubelet/pki /var/lib/rancher/k3s/server/tls \
		/var/lib/rancher/rke2/server/tls
	while [ $# -gt 0 ]; do
		folder=$1
		shift
		if is_silent "$folder"; then unread certificate-file "$folder" no-answer; continue; fi
		[ -d "$folder" ] || continue
		if [ ! -r "$folder" ] || [ ! -x "$folder" ]; then unread certificate-file "$folder" not-listed; continue; fi
		folders=$((folders + 1))
		if [ $folders -gt 400 ]; then unread limit "$folder" too-many; return; fi
		if is_late; then unread limit "$folder" too-late; return; fi
		links=
		set +f
		for file in "$folder"/* "$folder"/.[!.]*; do
			set -f
			if [ -h "$file" ]; then
				case ${file##*/} in
					[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f].[0-9r]*) trusted=$((trusted + 1)) ;;
					*)
						case $file in
							*[!A-Za-z0-9/._=@+-]*) take_link "$file" "$(readlink "$file")" ;;
							*) links="$links $file" ;;
						esac
						;;
				esac
			elif [ -d "$file" ]; then
				case $file in
					*/ca-trust/extracted | */ca-certificates/extracted) trusted=$((trusted + 1)) ;;
					/etc/letsencrypt/archive | /etc/letsencrypt/accounts | */rpm-gpg | */java | */nssdb) ;;
					*) set -- "$@" "$file" ;;
				esac
			else
				take_certificates "$file"
			fi
		done
		set -f
		[ -z "$links" ] || take_links $links
	done
}

# One ls for a whole folder of links: a distribution has hundreds.
take_links() {
	listing=$(ls -ldn "$@")
	IFS=$nl
	for line in $listing; do
		unset IFS
		line=/${line#*/}
		take_link "${line%% -> *}" "${line#* -> }"
		IFS=$nl
	done
	unset IFS
}

take_link() {
	case $2 in
		*/local/share/ca-certificates/*) ;;
		*share/ca-certificates/* | *share/pki/* | *ca-trust/extracted/* | *ca-certificates/extracted/* | /var/lib/ca-certificates/* | *ca-certificates.crt | *ca-bundle*.crt)
			trusted=$((trusted + 1))
			return
			;;
	esac
	take_certificates "$1"
}

# The certificates of one file; a private key in it is told as a key file, by its public half.
take_certificates() {
	case ${1##*/} in
		*.cnf | *.conf | *.conf.[a-z]* | *.dist | *.txt | *.sh | *.service | *.json | *.log | *.db | *.gpg | *.asc | *.csr | *.crl | *.so | README*) return ;;
		*.yaml | *.yml | *.kubeconfig) take_kubernetes "$1"; return ;;
		*.jks | *.jceks | *.p12 | *.pfx | *.keystore | *.truststore | *.bcfks | *.bks) keystores=$keystores$1$nl; return ;;
		ca-certificates.crt | ca-bundle.crt | ca-bundle.trust.crt | tls-ca-bundle.pem | ca-bundle.pem) trusted=$((trusted + 1)); return ;;
	esac
	case $1 in /etc/ssl/cert.pem | /etc/pki/tls/cert.pem) trusted=$((trusted + 1)); return ;; esac
	case $seen_certificates in *"$nl$1$nl"*) return ;; esac
	seen_certificates=$seen_certificates$1$nl
	[ -f "$1" ] || return
	resolve "$1"
	case $real in '' | /proc/* | /sys/* | /dev/*) return ;; esac
	[ "$real" = "$1" ] || tell_file "$1"
	if [ ! -r "$1" ]; then
		case $1 in
			*key* | */private/*) unread key-file "$1" not-permitted ;;
			*) unread certificate-file "$1" not-permitted ;;
		esac
		return
	fi
	if ! hold "$1"; then leave_certificates "$1"; return; fi
	encode "$1"
	take "$1" | pem_certificates "$token"
	case $? in
		3) read_key_file "$1" ;;
		4)
			take "$1" | head -c 65536 | od -An -v -tu1 | read_der "$token"
			case $? in
				10) key_label='PRIVATE KEY' ;;
				11) key_label='ENCRYPTED PRIVATE KEY' ;;
				12) key_label='RSA PRIVATE KEY' ;;
				13) key_label='EC PRIVATE KEY' ;;
				14) key_label='DSA PRIVATE KEY' ;;
				*) return ;;
			esac
			key_form=der
			read_key_file "$1"
			key_form=plain
			;;
	esac
}

leave_certificates() {
	case $why in gone) why=no-such-file ;; closed) why=owner-cannot-read ;; esac
	case $1 in
		*key* | */private/*) unread key-file "$1" $why ;;
		*) unread certificate-file "$1" $why ;;
	esac
}

# What certbot has replaced: of each renewal the certificate alone. What is in use is linked to from elsewhere.
read_archive() {
	archived=0
	! is_silent /etc/letsencrypt/archive || return
	[ -d /etc/letsencrypt/archive ] || return
	if [ ! -r /etc/letsencrypt/archive ]; then unread certificate-file /etc/letsencrypt/archive not-listed; return; fi
	set +f
	for file in /etc/letsencrypt/archive/*/cert*.pem; do
		set -f
		[ -f "$file" ] || continue
		archived=$((archived + 1))
		if [ $archived -gt 400 ]; then unread certificate-file /etc/letsencrypt/archive too-many-files; break; fi
		if [ $((archived % 32)) = 0 ] && is_late; then unread limit "$file" too-late; break; fi
		take_certificates "$file"
	done
	set -f
}

# Certificate blocks only, each line checked, each cut to the length that its DER says. Ends with 3 when there is a
# private key in the file, with 4 when there is no PEM at all.
pem_certificates() {
	awk -v path="$1" -v most=$MIB '
		function value(i) { return index(ALPHABET, substr(data, i, 1)) - 1 }
		function byte(n,   i) {
			i = int(n / 3) * 4
			if (n % 3 == 0) return value(i + 1) * 4 + int(value(i + 2) / 16)
			if (n % 3 == 1) return (value(i + 2) % 16) * 16 + int(value(i + 3) / 4)
			return (value(i + 3) % 4) * 64 + value(i + 4)
		}
		function length_at(n,   first, k, v) {
			first = byte(n); head = 1
			if (first < 128) return first
			k = first - 128; head = 1 + k; v = 0
			if (k < 1 || k > 3) return -1
			for (i = 1; i <= k; i++) v = v * 256 + byte(n + i)
			return v
		}
		function note(why) { printf "@certificate-note - path:%s n:%d why:%s\n", path, count, why }
		function emit(   body, inner, whole, padding, i) {
			count++
			if (length(data) < 24 || length(data) % 4 != 0) { note("cut-short"); return }
			body = length_at(1)
			whole = 1 + head + body
			inner = 1 + head
			if (byte(0) != 48 || body < 0 || byte(inner) != 48 || length_at(inner + 1) < 0) { note("not-a-certificate"); return }
			inner += 1 + head
			if (byte(inner) != 160 && byte(inner) != 2) { note("not-a-certificate"); return }
			padding = data ~ /==$/ ? 2 : data ~ /=$/ ? 1 : 0
			have = length(data) / 4 * 3 - padding
			if (have < whole) { note("cut-short"); return }
			if (have > whole && label != "TRUSTED CERTIFICATE") note("more-behind")
			data = substr(data, 1, int((whole + 2) / 3) * 4)
			printf "@certificate b64 path:%s n:%d\n", path, count
			for (i = 1; i <= length(data); i += 64) print substr(data, i, 64)
		}
		BEGIN { ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"; code = 4; count = 0 }
		# OpenSSL passes over a byte-order mark.
		NR == 1 { sub("^\357\273\277", "") }
		{ read += length($0) + 1; gsub(/[ \t\r]/, "", $0); if (read > most) { note("too-large"); exit } }
		/-----BEGIN/ {
			if (is_open) { count++; note("cut-short") }
			is_open = 0
			if (code == 4) code = 0
			if ($0 ~ /PRIVATEKEY-----/) { code = 3; order = order ($0 ~ /BEGIN(RSA|EC|DSA)?PRIVATE/ ? "k" : "e") }
			if ($0 ~ /^-----BEGIN(TRUSTED|X509)?CERTIFICATE-----$/) {
				order = order "c"
				is_open = 1; data = ""; is_bad = 0
				label = $0 ~ /TRUSTED/ ? "TRUSTED CERTIFICATE" : "CERTIFICATE"
			}
			next
		}
		/^PuTTY-User-Key-File-/ { code = 3; exit }
		is_open && /-----END/ {
			if (is_bad) { count++; note("not-base64") } else emit()
			is_open = 0
			next
		}
		is_open {
			if ($0 !~ /^[A-Za-z0-9+\/]*=?=?$/ || data ~ /=$/) is_bad = 1
			if (!is_bad) data = data $0
			if (length(data) > 174764) { count++; note("too-long"); is_open = 0 }
		}
		END {
			if (is_open && read <= most) { count++; note("cut-short") }
			# What stands in a file with a private key, and in which order: k, or e where it is no plain one for TLS, and c.
			if (order ~ /[ke]/ && length(order) > 1 && length(order) <= 64 && read <= most) printf "@pem - path:%s order:%s\n", path, order
			exit code
		}'
}

# One DER certificate from the numbers of od: exactly as many bytes as its own length says. Of a private key nothing but
# its kind, as the status: 10 PKCS#8, 11 encrypted, 12 RSA, 13 EC, 14 DSA.
read_der() {
	awk -v path="$1" '
		function length_at(n,   k, v, i) {
			head = 1
			if (byte[n] < 128) return byte[n]
			k = byte[n] - 128; head = 1 + k; v = 0
			if (k < 1 || k > 3) return -1
			for (i = 1; i <= k; i++) v = v * 256 + byte[n + i]
			return v
		}
		# The tags of what stands in a row from n to the end; empty where the lengths do not add up.
		function tags(n, end,   row, inside) {
			while (n < end && length(row) < 64) {
				row = row byte[n] " "
				inside = length_at(n + 1)
				if (inside < 0) return ""
				n += 1 + head + inside
			}
			return n == end ? row : ""
		}
		function kind_of_key(at,   row, oid, i) {
			row = tags(at, size)
			if (byte[at] == 2 && byte[at + 1] == 1) {
				if (byte[at + 2] <= 1 && row ~ /^2 48 4 (160 )?(161 |129 )?$/) return 10
				if (byte[at + 2] == 0 && row == "2 2 2 2 2 2 2 2 2 ") return 12
				if (byte[at + 2] == 1 && row ~ /^2 4 (160 )?(161 )?$/) return 13
				if (byte[at + 2] == 0 && row == "2 2 2 2 2 2 ") return 14
			}
			if (row != "48 4 ") return 0
			length_at(at + 1)
			for (i = at + 1 + head; i < at + 12 + head; i++) oid = oid byte[i] " "
			# PKCS#5, and the passwords of PKCS#12
			return oid ~ /^6 [0-9]+ 42 134 72 134 247 13 1 (5|12) / ? 11 : 0
		}
		NR == 1 && $1 != 48 { exit }
		{ for (i = 1; i <= NF; i++) byte[size++] = $i }
		END {
			if (size < 24) exit
			body = length_at(1)
			whole = 1 + head + body
			at = 1 + head
			if (byte[0] != 48 || body < 0) exit
			if (whole == size && (key = kind_of_key(at))) exit key
			if (byte[at] != 48 || length_at(at + 1) < 0) exit
			at += 1 + head
			if (byte[at] != 160 && byte[at] != 2) exit
			if (whole > size) { printf "@certificate-note - path:%s n:1 why:%s\n", path, (size >= 65536 ? "too-large" : "cut-short"); exit }
			printf "@certificate hex path:%s n:1\n", path
			for (i = 0; i < whole; i++) printf "%02x%s", byte[i], (i % 32 == 31 || i == whole - 1) ? "\n" : ""
			if (size > whole) printf "@certificate-note - path:%s n:1 why:more-behind\n", path
		}'
}

# ---- Kubernetes -------------------------------------------------------------------------------------------

# Kubeconfigs and manifests with Secrets where clusters and people keep them, and the files that they name.
read_kubernetes() {
	may_hang /etc certificate-file ||
		list_kubernetes /etc/kubernetes/*.conf /etc/kubernetes/*.kubeconfig /etc/rancher/*/*.yaml /etc/rancher/*/*.kubeconfig
	may_hang /var/lib certificate-file ||
		list_kubernetes /var/lib/kubelet/kubeconfig /var/lib/rancher/*/agent/*.kubeconfig \
			/var/lib/rancher/*/server/cred/*.kubeconfig /var/lib/rancher/*/server/manifests/*.yaml
	set -f
	IFS=$nl
	for home in $homes; do
		unset IFS
		if ! is_silent "$home/.kube" && [ -d "$home/.kube" ]; then
			set +f
			list_kubernetes "$home"/.kube/config "$home"/.kube/*.conf "$home"/.kube/*.yaml "$home"/.kube/*.yml
		fi
		IFS=$nl
	done
	unset IFS
}

list_kubernetes() {
	set -f
	for file do
		[ -f "$file" ] || continue
		if is_late; then unread limit "$file" too-late; return; fi
		take_kubernetes "$file"
	done
}

# The certificates that a kubeconfig or Secret holds, and those that it names; of a private key its public half.
take_kubernetes() {
	# One that another names is no certificate of its.
	[ -z "$kubernetes_file" ] || return
	case $seen_certificates in *"$nl$1$nl"*) return ;; esac
	seen_certificates=$seen_certificates$1$nl
	[ -f "$1" ] || return
	resolve "$1"
	case $real in '' | /proc/* | /sys/* | /dev/*) return ;; esac
	if [ ! -r "$1" ]; then unread certificate-file "$1" not-permitted; return; fi
	if ! hold "$1"; then leave_certificates "$1"; return; fi
	parts=$(take "$1" | kubernetes_parts names)
	IFS=$nl
	set -- "$1" $parts
	unset IFS
	kubernetes_file=$1 kubernetes_held=$held_path kubernetes_content=$held
	# Whoever can write it names no files but those that they can read.
	[ -z "$held_path" ] || work_as "$rights_uid" "$rights_gid" "$rights_name"
	shift
	for part do
		held_path=$kubernetes_held held=$kubernetes_content
		case $part in
			certificates)
				encode "$kubernetes_file"
				take "$kubernetes_file" | kubernetes_parts certificates | pem_certificates "$token"
				;;
			key)
				key_form=kubernetes
				read_key_file "$kubernetes_file"
				key_form=plain
				;;
			keys) unread key-file "$kubernetes_file" more-keys ;;
			cut) unread certificate-file "$kubernetes_file" too-large ;;
			'file /'*) take_certificates "${part#file }" ;;
			'file '*) take_certificates "${kubernetes_file%/*}/${part#file }" ;;
		esac
	done
	kubernetes_file=
	work_as
}

# Of a kubeconfig or Secret, as YAML or JSON, what is PEM, in clear or as base64: "certificates" prints certificates
# alone and "key" the first private key; "names" says what there is, and which files it names.
kubernetes_parts() {
	awk -v want=$1 -v most=$MIB '
		function decode(text,   i, n, bits, held, out, c) {
			n = length(text)
			for (i = 1; i <= n; i++) {
				c = substr(text, i, 1)
				if (c == "=") break
				bits = bits * 64 + VALUE[c]; held += 6
				if (held < 8) continue
				held -= 8
				c = int(bits / 2 ^ held)
				bits = bits % 2 ^ held
				# No text: a store, or DER.
				if (c > 126) return ""
				out = out CHARACTER[c]
			}
			return out
		}
		function is_wanted(name) { return name ~ /^(certificate-authority|client-certificate|client-key)-data$|[.](crt|cer|cert|pem|key)$/ }
		function take_value(name, value,   count, text, line, i) {
			if (value !~ /^LS0tLS1CRUdJTi/ && !is_wanted(name)) return
			if (length(value) > 262144 || ++values > 64) { is_cut = 1; return }
			count = split(decode(value), line, "\n")
			for (i = 1; i <= count; i++) take_line(line[i])
		}
		function take_line(line) {
			gsub(/^[ \t]+|[ \t\r]+$/, "", line)
			if (line ~ /^-----BEGIN [A-Z0-9 ]+-----$/) {
				part = line ~ /PRIVATE KEY-----$/ ? "key" : line ~ /CERTIFICATE-----$/ ? "certificates" : ""
				if (part != "") count_of[part]++
			}
			if (part == want && part != "" && (part != "key" || count_of[part] == 1)) print line
			if (line ~ /^-----END/) part = ""
		}
		function finish_value() { if (pending != "") take_value(pending, gathered); pending = gathered = "" }
		function indent_of(line) { match(line, /^[ \t]*/); return RLENGTH }
		BEGIN {
			ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
			for (i = 1; i <= 64; i++) VALUE[substr(ALPHABET, i, 1)] = i - 1
			CHARACTER[9] = "\t"; CHARACTER[10] = "\n"
			for (i = 32; i < 127; i++) CHARACTER[i] = sprintf("%c", i)
		}
		{ read += length($0) + 1; if (read > most) { is_cut = 1; exit } }
		pending != "" {
			line = $0
			gsub(/[ \t\r]/, "", line)
			if (indent_of($0) > indent && line ~ /^[A-Za-z0-9+\/]+=*$/) { gathered = gathered line; next }
			finish_value()
		}
		part == "" && match($0, /^[ \t-]*[A-Za-z0-9._-]+:[ \t]*([|>][0-9+-]*)?[ \t\r]*$/) {
			line = $0
			indent = indent_of(line)
			gsub(/^[ \t-]+|:.*/, "", line)
			if (is_wanted(line)) pending = line
		}
		{
			take_line($0)
			rest = $0
			while (match(rest, /[A-Za-z0-9._-]+["\047]?[ \t]*:[ \t]*["\047]?[A-Za-z0-9+\/]+=?=?/)) {
				field = substr(rest, RSTART, RLENGTH)
				rest = substr(rest, RSTART + RLENGTH)
				gsub(/["\047 \t]/, "", field)
				take_value(substr(field, 1, index(field, ":") - 1), substr(field, index(field, ":") + 1))
			}
			rest = $0
			while (want == "names" && match(rest, /(client-certificate|certificate-authority|client-key)["\047]?[ \t]*:[ \t]*("[^"]+"|\047[^\047]+\047|[^"\047 \t\r,}]+)/)) {
				field = substr(rest, RSTART, RLENGTH)
				rest = substr(rest, RSTART + RLENGTH)
				sub(/^[^:]*:[ \t]*/, "", field)
				gsub(/["\047]/, "", field)
				if (files++ < 64) print "file " field
			}
		}
		END {
			finish_value()
			if (want != "names") exit
			if (count_of["certificates"]) print "certificates"
			if (count_of["key"]) print "key"
			if (count_of["key"] > 1) print "keys"
			if (is_cut) print "cut"
		}'
}

# ---- Servers that speak TLS -------------------------------------------------------------------------------

# What the configurations of servers say of TLS, wherever it is that they name certificates. Of each file all lines
# go along, but only those are more than empty that tell what is served where: no password, no header, no rule.
read_servers() {
	bound=
	[ $may_stop = no ] || bound='timeout -s KILL 5'
	read_server nginx /etc/nginx/nginx.conf /usr/local/etc/nginx/nginx.conf /usr/local/nginx/conf/nginx.conf
	read_started_nginx
	read_server apache /etc/apache2/apache2.conf /etc/httpd/conf/httpd.conf /etc/apache2/httpd.conf \
		/usr/local/apache2/conf/httpd.conf
	read_server haproxy /etc/haproxy/haproxy.cfg
	read_server postfix /etc/postfix/main.cf
	read_server dovecot /etc/dovecot/dovecot.conf
	read_server slapd /etc/ldap/slapd.d/cn=config.ldif /etc/openldap/slapd.d/cn=config.ldif /etc/ldap/slapd.conf \
		/etc/openldap/slapd.conf
	set +f
	set -- /etc/postgresql/*/*/postgresql.conf /var/lib/pgsql/data/postgresql.conf /var/lib/pgsql/*/data/postgresql.conf
	set -f
	for root do read_server postgresql "$root"; done
	read_server mysql /etc/mysql/my.cnf /etc/my.cnf
}

# read_server KIND ROOT...: the first ROOT that is there, and what lies beside it.
read_server() {
	server=$1
	shift
	for root do
		find_out "$root"
		case $stands in
			absent | other) continue ;;
			hidden) unread server-config "$root" cannot-tell; continue ;;
		esac
		if [ ! -r "$root" ]; then unread server-config "$root" not-permitted; continue; fi
		if is_late; then unread limit "$root" too-late; return; fi
		ship_server
		return
	done
}

# The configurations that root has started other nginx with, as it says itself; of those that strangers may write nothing is known.
read_started_nginx() {
	started=0
	IFS=$nl
	for other in ${nginx_configs-}; do
		unset IFS
		started=$((started + 1))
		if [ $started -gt 8 ]; then unread limit "$other" too-many; break; fi
		[ "$other" = "$root" ] || read_nginx_of "$other"
		IFS=$nl
	done
	unset IFS
}

read_nginx_of() {
	find_out "$1"
	case $stands in
		absent) unread server-config "$1" no-such-file; return ;;
		file) ;;
		*) unread server-config "$1" cannot-tell; return ;;
	esac
	if ! is_roots_path "$1"; then unread server-config "$1" strange-place; return; fi
	if is_late; then unread limit "$1" too-late; return; fi
	root=$1 base=${1%/*} server_files=$1$nl
	printf '@server - server:nginx started:yes'
	say root "$1"
	printf '\n'
	ship_rounds
}

ship_server() {
	base=${root%/*} server_files=
	case $root in */httpd/conf/*) base=/etc/httpd ;; esac
	printf '@server - server:%s' $server
	say root "$root"
	printf '\n'
	case $server in
		slapd) server_files=$root$nl ;;
		postfix) gather_flat "$base" ;;
		postgresql)
			# All of the database may lie there.
			case $base in */data) server_files=$root$nl; tell_folder "$base" ;; *) gather_server "$base" ;; esac
			;;
		mysql) case $base in /etc) server_files=$root$nl; gather_server /etc/my.cnf.d ;; *) gather_server "$base" ;; esac ;;
		*) gather_server "$base" ;;
	esac
	for other in /etc/default/$server $(other_files); do
		[ ! -f "$other" ] || [ ! -r "$other" ] || server_files=$server_files$other$nl
	done
	ship_rounds
}

# What $server_files lists, and what that includes.
ship_rounds() {
	shipped_files=$nl rounds=0
	while [ -n "$server_files" ] && [ $rounds -lt 16 ]; do
		rounds=$((rounds + 1))
		ship_server_files
	done
	[ -z "$server_files" ] || unread limit "$root" too-deep
}

# What a server reads beside the folder of its configuration.
other_files() {
	set +f
	case $server in
		dovecot) printf '%s\n' /usr/share/dovecot/protocols.d/*.protocol ;;
		postgresql) printf '%s\n' /var/lib/postgresql/*/*/postgresql.auto.conf "$base"/postgresql.auto.conf ;;
	esac
	set -f
}

# Ships what $server_files lists, takes the certificates that these name, and leaves there what they include elsewhere.
ship_server_files() {
	IFS=$nl
	set -- $server_files
	unset IFS
	for file do
		shipped_files=$shipped_files$file$nl
		# awk has nothing to say of an empty one.
		[ -s "$file" ] || { printf '@server-config text server:%s' $server; say path "$file"; printf '\n'; }
	done
	shipped=$(read_server_files "$@") || unread limit "$root" too-late
	printf '%s\n' "$shipped"
	server_files='' found_files=0
	IFS=$nl
	for found in $(printf '%s\n' "$shipped" | named_files $server); do
		unset IFS
		case $found in
			'include '*) include_for_server "${found#include }" ;;
			'crt '*) may_be_folder=yes; take_named "${found#* }" ;;
			*) may_be_folder=no; take_named "${found#* }" ;;
		esac
		found_files=$((found_files + 1))
		if [ $((found_files % 32)) = 0 ] && is_late; then unread limit "$root" too-late; return; fi
		IFS=$nl
	done
	unset IFS
}

# What counts of these files. What others than root may replace is read with their rights, each by itself.
read_server_files() {
	server_ended=0 theirs=
	for file do
		shift
		if is_roots_place "$file"; then set -- "$@" "$file"; else theirs=$theirs$file$nl; fi
	done
	[ $# = 0 ] || only_tls $server "$@" || server_ended=1
	IFS=$nl
	for file in $theirs; do
		unset IFS
		if hold "$file"; then
			if [ -n "$held_path" ]; then unhold | only_tls $server "$file" - || server_ended=1
			else only_tls $server "$file" || server_ended=1
			fi
		else
			case $why in gone) why=no-such-file ;; closed) why=owner-cannot-read ;; esac
			unread server-config "$file" $why
		fi
		IFS=$nl
	done
	unset IFS
	held_path= held=
	return $server_ended
}

include_for_server() {
	case $1 in *\$* | *%*) return ;; /*) pattern=$1 ;; *) pattern=$base/$1 ;; esac
	IFS=
	set +f
	case $server in
		mysql) set -- $pattern $pattern/*.cnf ;;
		postgresql) set -- $pattern $pattern/*.conf ;;
		*) set -- $pattern ;;
	esac
	set -f
	unset IFS
	folder=${pattern%/*}
	case $folder in *[*?[]*) ;; *) [ ! -r "$folder" ] || [ ! -x "$folder" ] || tell_folder "$folder" ;; esac
	for file do
		case $shipped_files in *"$nl$file$nl"*) continue ;; esac
		[ -f "$file" ] && [ -r "$file" ] && server_files=$server_files$file$nl
	done
}

# One file that a configuration names: where it lies, when it was written, and the certificates in it.
take_named() {
	case $1 in
		*\$* | *%{*) unread certificate-file "$1" by-variable; return ;;
		/*) file=${1%/} ;;
		*) file=$base/${1%/} ;;
	esac
	find_out "$file"
	case $stands in
		file)
			tell_file "$file"
			take_certificates "$file"
			;;
		absent) unread certificate-file "$file" no-such-file ;;
		other) [ $may_be_folder = no ] || [ ! -d "$file" ] || take_folder "$file" ;;
		*) unread certificate-file "$file" not-permitted ;;
	esac
}

take_folder() {
	if [ ! -r "$1" ] || [ ! -x "$1" ]; then unread certificate-file "$1" not-listed; return; fi
	tell_folder "$1"
	set +f
	for file in "$1"/*; do
		set -f
		[ -f "$file" ] || continue
		found_files=$((found_files + 1))
		if [ $((found_files % 32)) = 0 ] && is_late; then unread limit "$1" too-late; break; fi
		tell_file "$file"
		take_certificates "$file"
	done
	set -f
}

tell_file() {
	case $told_files in *"$nl$1$nl"*) return ;; esac
	told_files=$told_files$1$nl
	resolve "$1"
	look "$1"
	encode "$1"
	printf '@file - path:%s e:%s,%s,%s,%s,%s mtime:%s' "$token" "$mode" "$links" "$uid" "$gid" "$size" "$(modified_at "$1")"
	[ -z "$real" ] || say real "$real"
	printf '\n'
}

tell_folder() {
	case $told_folders in *"$nl$1$nl"*) return ;; esac
	told_folders=$told_folders$1$nl
	listed=$1
	set +f
	set -- "$1"/*
	set -f
	# Told in part, what is left out would count as absent.
	if [ $# -gt 2000 ]; then unread limit "$listed" too-many-files; return; fi
	printf '@listing -'
	say path "$listed"
	for name do
		[ -e "$name" ] || [ -h "$name" ] || continue
		say name "${name##*/}"
	done
	printf '\n'
}

# The files in folder $1 alone.
gather_flat() {
	tell_folder "$1"
	set +f
	for file in "$1"/*; do
		set -f
		case $file in *"$nl"* | *.pem | *.key | *.crt | *.db | *.lmdb | *.cdb) continue ;; esac
		[ -f "$file" ] && [ -r "$file" ] && server_files=$server_files$file$nl
	done
	set -f
}

# The files below folder $1 that can be read. Links to folders are not followed.
gather_server() {
	set -- "$1"
	folders=0 gathered=0
	while [ $# -gt 0 ]; do
		folder=$1
		shift
		folders=$((folders + 1))
		if [ $folders -gt 100 ]; then unread limit "$folder" too-many; return; fi
		if is_silent "$folder"; then unread server-config "$folder" no-answer; continue; fi
		[ -d "$folder" ] || continue
		if [ ! -r "$folder" ] || [ ! -x "$folder" ]; then unread server-config "$folder" not-listed; continue; fi
		tell_folder "$folder"
		set +f
		for file in "$folder"/*; do
			set -f
			case $file in *"$nl"* | *.pem | *.key | *.crt | *.der | *.p12 | *.pfx | *.jks | *.so | *.http) continue ;; esac
			if [ -d "$file" ]; then
				[ -h "$file" ] || case $file in *-available | */modules) ;; *) set -- "$@" "$file" ;; esac
			elif [ ! -f "$file" ]; then
				continue
			elif [ $gathered -ge 2000 ]; then
				unread limit "$folder" too-many-files
				return
			elif [ -r "$file" ]; then
				gathered=$((gathered + 1))
				server_files=$server_files$file$nl
			else
				unread server-config "$file" not-permitted
			fi
		done
		set -f
	done
}


# only_tls KIND FILE...: the lines that tell what is served where, as records of text with a bar before each line. Of "FILE -" what comes in
# is what is in that file.
only_tls() {
	kind=$1 file_as=
	shift
	if [ "${2-}" = - ]; then
		file_as=$1
		shift
	fi
	file_as=$file_as $bound awk -v kind=$kind -v most=$MIB '
		function encode(name,   i, c, text) {
			if (name !~ /[^A-Za-z0-9\/._@+,=~-]/) return name
			for (i = 1; i <= length(name); i++) {
				c = substr(name, i, 1)
				text = text (c ~ /[A-Za-z0-9\/._@+,=~-]/ ? c : sprintf("%%%02x", code[c]))
			}
			return text
		}
		function file_of() { return FILENAME == "-" ? ENVIRON["file_as"] : FILENAME }
		function put(text) { gsub(/\r/, "", text); gsub(/pin-value=[^;&"\047 \t]*/, "pin-value=", text); total += length(text) + 2; print "|" text }
		# What is left of a file that is too large; nothing of it follows.
		function cut() {
			if (is_cut) return
			is_cut = 1
			if (kind == "nginx") end_nginx()
			printf "@unread - kind:limit path:%s why:too-large\n", encode(file_of())
		}

		# nginx: statements may go over lines, and end at ; { or }.
		function nginx(line,   i, c, n) {
			n = length(line)
			for (i = 1; i <= n; i++) {
				c = substr(line, i, 1)
				if (quote != "") {
					statement = statement c
					if (c == "\\") statement = statement substr(line, ++i, 1)
					else if (c == quote) quote = ""
				} else if (c == "\\") {
					statement = statement c substr(line, ++i, 1); is_word = 1
				} else if (c ~ /[ \t]/) {
					statement = statement c; is_word = 0
				} else if (c == "#" && !is_word) {
					break
				} else if (c == ";" || c == "}" || (c == "{" && substr(line, i - 1, 1) != "$")) {
					end_statement(c)
				} else if (c == "}" || c == "{") {
					statement = statement c
				} else {
					if (!is_word && (c == "\"" || c == "\047")) quote = c
					statement = statement c; is_word = 1
				}
				if (c == "$" && substr(line, i + 1, 1) == "{") {
					while (i < n && substr(line, i, 1) != "}") statement = statement substr(line, ++i, 1)
				}
			}
			statement = statement "\n"
			is_word = 0
			if (length(statement) > 65536) { statement = "\n"; quote = "" }
		}
		function end_statement(end,   text, word, rest) {
			text = statement
			statement = ""
			is_word = 0
			word = text
			sub(/^[ \t\n]+/, "", word)
			sub(/[ \t\n].*/, "", word)
			if (end == ";" && word !~ /^(listen|server_name|include|starttls|protocol|load_module|ssl|ssl_.*|(proxy|grpc|uwsgi)_ssl_.*)$/) text = blank(text)
			if (end == "{" && word !~ /^(http|server|stream|mail)$/) { match(text, /^[ \t\n]*/); text = blank(substr(text, 1, RLENGTH)) word " " blank(substr(text, RLENGTH + 1)) }
			if (end == "}") text = blank(text)
			out = out text end
		}
		function blank(text) { gsub(/[^\n]/, "", text); return text }
		function end_nginx(   line, count, i) {
			out = out blank(statement)
			count = split(out, line, "\n")
			for (i = 1; i <= count; i++) if (i < count || line[i] != "") put(line[i])
			out = statement = quote = ""
		}

		function word_of(line) {
			sub(/^[ \t]+/, "", line)
			line = tolower(line)
			sub(/[ \t=:].*/, "", line)
			return line
		}

		# Whether what is set is a path or a number, and not by its name a secret; of a key, whether it surely is a path.
		function sets_place(line,   name) {
			if (line !~ /^[ \t]*[^ \t]+[ \t]+[^ \t]+[ \t]+"?(\/[^ \t]*|[0-9.:]+)"?[ \t\r]*$/) return 0
			name = tolower(line)
			if (name ~ (secret "|auth|salt")) return 0
			sub(/^[ \t]*[^ \t]+[ \t]+/, "", name)
			sub(/[ \t].*/, "", name)
			if (name !~ /(key|pin)([^a-z]|$)/) return 1
			return line ~ /[ \t]"?\/((etc|usr|var|opt|srv|home|root|run)\/[^ \t]*|[^ \t]*[.](key|pem|crt|cer))"?[ \t\r]*$/
		}

		# A line that goes on in the next one, and so shares its fate.
		function apache(line,   word) {
			sub(/\r$/, "", line)
			if (!goes_on) {
				word = word_of(line)
				is_kept = word ~ /^(listen|servername|serveralias|serverroot|include|includeoptional|loadmodule|undefine|sslengine|sslciphersuite|sslprotocol|sslopensslconfcmd|(ssl|gnutls)[a-z0-9]*(file|path)|mdomain|mdomainset|undefmacro)$/
				if (word == "define") is_kept = line !~ /\\$/ && (line !~ /^[ \t]*[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]/ || sets_place(line))
				if (word == "use" && match(line, /^[ \t]*[^ \t]+[ \t]+[^ \t]+/)) { put(apache_use(line) (line ~ /\\$/ ? " \\" : "")); goes_on = line ~ /\\$/; return }
				if (word == "export") is_kept = line ~ /^[ \t]*export[ \t]+APACHE_[A-Z_]+=/
				if (word ~ /^</) {
					if (word ~ /^<\/?macro/) apache_macro(line)
					is_kept = word ~ /^<\/?(virtualhost|ifmodule|ifdefine|ifversion|iffile|ifdirective|ifsection|macro|mdomain.*)>?$/
					if (!is_kept) { sub(/>.*/, "", word); goes_on = line ~ /\\$/; put(word ">" (goes_on ? "\\" : "")); return }
				}
			}
			goes_on = line ~ /\\$/
			if (is_kept && macro != "" && word !~ /^<macro/) mark_words(line)
			put(is_kept ? line : goes_on ? "\\" : "")
		}

		function apache_macro(line,   count, i, part) {
			if (line ~ /^[ \t]*<\//) { macro = ""; return }
			sub(/>.*/, "", line)
			sub(/^[ \t]*[^ \t]+[ \t]+/, "", line)
			count = split(line, part, /[ \t]+/)
			macro = tolower(part[1])
			if (line ~ /\\$/ || count > 65 || length(line) > 1024) { forget_macro(); return }
			macro_words[macro] = 0
			for (i = 2; i <= count; i++) if (part[i] != "") { macro_words[macro]++; macro_word[macro, i - 1] = part[i]; is_told[macro, i - 1] = 0 }
		}

		# Of its uses goes along only that there are some.
		function forget_macro() { delete macro_words[macro]; macro = "" }

		# What a macro puts into a line that goes along as it stands goes along as well.
		function mark_words(line,   i, best, word) {
			# What it takes to compare, of all macros together.
			marked += length(line) * (macro_words[macro] + 1)
			if (length(line) > 4096 || marked > 2000000) { forget_macro(); return }
			for (; line != ""; line = substr(line, 1 + (best ? length(macro_word[macro, best]) : 1))) {
				best = 0
				for (i = 1; i <= macro_words[macro]; i++) {
					word = macro_word[macro, i]
					if (substr(line, 1, length(word)) == word && (!best || length(word) > length(macro_word[macro, best]))) best = i
				}
				if (best) is_told[macro, best] = 1
			}
		}

		# What else a macro is given may be anything.
		function apache_use(line,   count, i, part, name, text) {
			match(line, /^[ \t]*[^ \t]+[ \t]+[^ \t]+/)
			text = substr(line, 1, RLENGTH)
			name = text
			sub(/.*[ \t]/, "", name)
			name = tolower(name)
			if (name ~ /["\047]/) return "Use ?"
			if (macro != "" || !(name in macro_words) || line ~ /\\/) return text
			line = substr(line, RLENGTH + 1)
			for (i = 1; match(line, /^[ \t]*("[^"]*"|\047[^\047]*\047|[^ \t"\047][^ \t]*)/); i++) {
				part = substr(line, 1, RLENGTH)
				line = substr(line, RLENGTH + 1)
				text = text (is_told[name, i] ? " " part : " ?")
			}
			return i == macro_words[name] + 1 && line ~ /^[ \t\r]*$/ ? text : "Use " name
		}

		# Whether a variable stands there whose value does not go along.
		function compares_unknown(line,   name) {
			while (match(line, /[$][{]?[A-Za-z_][A-Za-z0-9_]*/)) {
				name = substr(line, RSTART + 1, RLENGTH - 1)
				sub(/^[{]/, "", name)
				if (!(name in is_told_variable)) return 1
				line = substr(line, RSTART + RLENGTH)
			}
			return 0
		}

		# Up to the remark: outside of quotes, # begins one wherever it stands.
		function without_remark(line,   i, c, open) {
			for (i = 1; i <= length(line); i++) {
				c = substr(line, i, 1)
				if (c == "\\" && open != "\047") i++
				else if (open != "") { if (c == open) open = "" }
				else if (c == "\"" || c == "\047") open = c
				else if (c == "#") return substr(line, 1, i - 1)
			}
			return line
		}

		function haproxy(line,   word, i, count, part, text) {
			word = word_of(line)
			# What a secret is compared with may be the secret.
			if (word ~ /^[.](el)?if/ && compares_unknown(line)) return (word ~ /^[.]if/ ? ".if" : ".elif") " ?"
			if (word ~ /^(global|defaults|frontend|listen|backend|peers|userlist|resolvers|crt-store|crt-list|program|cache|mailers|ring|http-errors|fcgi-app|log-forward|traces|acme|log-profile)$/ ||
				word ~ /^(bind|ssl-default-bind-(ciphers|options)|crt-base|ca-base|key-base|load|mode|extraopts|config|[.](if|elif|else|endif))/ || word ~ /[.](pem|crt|cer)$/ || word ~ /^\//) return line
			if (word ~ /^(unsetenv|resetenv)$/) return line
			if (word ~ /^(setenv|presetenv)$/) {
				# That it is set decides conditions; what to, may be anything.
				if (!match(line, /^[ \t]*(pre)?setenv[ \t]+[A-Za-z_][A-Za-z0-9_]*[ \t]/)) return sets_place(line) ? line : ""
				text = substr(line, 1, RLENGTH)
				split(text, part, /[ \t]+/)
				if (!sets_place(line)) return text
				is_told_variable[part[part[1] == "" ? 3 : 2]] = 1
				return line
			}
			if (word != "server" && word != "default-server") return ""
			count = split(line, part, /[ \t]+/)
			for (i = 1; i < count; i++) if (part[i] ~ /^(crt|ca-file|crl-file)$/) text = text " " part[i] " " part[i + 1]
			return text == "" ? "" : word " name address" text
		}

		# Which names have certificates of their own; "?" stands for every other line, so that none of these is missed.
		function postfix_map(line) {
			if (line ~ /^[ \t]/ && !is_kept) return ""
			if (line !~ /^[ \t]/) is_kept = line ~ /^[^ \t]+[ \t]+\//
			return line ~ /^[^ \t\/]*[ \t]+\/[^ \t,]+[.](pem|crt|cer|key|chain)([, \t]+\/[^ \t,]+[.](pem|crt|cer|key|chain))*[, \t\r]*$/ ? line : "?"
		}

		function postfix(line,   word) {
			if (line ~ /^[ \t]*(#|$)/) return ""
			if (file_of() ~ /master[.]cf$/) {
				if (line ~ /^[ \t]/) return line ~ /tls|inet_|myhostname/ && tolower(line) !~ /pass/ ? line : ""
				if (match(line, /^[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+/)) return substr(line, 1, RLENGTH)
				return ""
			}
			if (file_of() !~ /main[.]cf$/) return postfix_map(line)
			if (line ~ /^[ \t]/) return is_kept ? line : ""
			word = word_of(line)
			is_kept = word !~ secret && (word ~ /tls|^inet_|^config_directory|^my(hostname|domain|origin)$|^master_service_disable$|^default_database_type$|^compatibility_level$/ || line ~ /^[^=]*=[ \t]*(yes|no|[0-9]+|\/[^ \t]*)[ \t]*$/)
			return is_kept ? line : ""
		}

		function dovecot(line,   word) {
			word = word_of(line)
			sub(/[{].*/, "", word)
			if (line ~ /^[ \t]*[}]/) return line
			if (word ~ /pass/ && word != "passdb") return ""
			if (word ~ /^(service|protocol|inet_listener|local|local_name|remote|ssl_server|ssl_client|ssl)$/) return line
			if (line ~ /[{][ \t]*$/) return word " {"
			if (line ~ /BEGIN/) return ""
			# In a block of protocols each stands by itself.
			if (line ~ /^[ \t]*[a-z0-9_-]+[ \t]*=[ \t]*(yes|no)[ \t]*$/) return line
			if (word ~ /^(protocols|listen|port|address|haproxy|!include|!include_try|dovecot_config_version|dovecot_storage_version|ssl.*|(.*_)?(cert|key|ca|dh|crl)_file)$/) return line
			return ""
		}

		function slapd(line) {
			if (line ~ /^[ \t]/) return is_kept ? line : ""
			is_kept = line ~ /^(dn:|SLAPD_(SERVICES|CONF|OPTIONS)=)/ || tolower(line) ~ /^((olc)?tls|include[ \t])/
			# The key itself, which may stand there as well.
			if (tolower(line) ~ /^(olc)?tlscertificatekey[^a-z]/) is_kept = 0
			return is_kept ? line : ""
		}

		function postgresql(line,   word) {
			word = word_of(line)
			return word ~ /^(ssl.*|listen_addresses|port|data_directory|include|include_if_exists|include_dir)$/ && word !~ /pass/ ? line : ""
		}

		function mysql(line,   word) {
			word = word_of(line)
			if (word ~ /pass/) return ""
			return word ~ /^\[|^(loose[-_])?(server[-_])?(ssl|tls|admin[-_](ssl|tls|address|port)|port|bind[-_]address|datadir|skip[-_](ssl|networking)|require[-_]secure|disable[-_]ssl|auto[-_]generate)|^!include/ ? line : ""
		}

		BEGIN { for (i = 1; i < 256; i++) code[sprintf("%c", i)] = i; secret = "pass|pw|secret|token|credential" }
		FNR == 1 {
			if (NR > 1 && kind == "nginx") end_nginx()
			printf "@server-config text server:%s path:%s\n", kind, encode(file_of())
			taken = goes_on = is_kept = is_cut = is_key = 0
		}
		{ taken += length($0) + 1; if (taken > most || total > 4 * most || NR > 400000) { cut(); next } }
		length($0) > 65536 { cut(); next }
		/PRIVATE KEY/ { is_key = $0 ~ /BEGIN/ && $0 !~ /END/; $0 = "" }
		is_key && /^[ \t]*[A-Za-z0-9+\/=]+[ \t\r]*$/ { $0 = "" }
		kind == "nginx" { nginx($0); next }
		kind == "apache" { if (!goes_on && $0 ~ /^[ \t]*#/) put(""); else apache($0); next }
		/^[ \t]*[#;]/ { put(""); next }
		# A remark behind a setting may say anything.
		kind ~ /^(haproxy|dovecot|postgresql|mysql)$/ { sub(/[ \t]#[^"\047]*$/, "") }
		kind == "haproxy" { put(haproxy(/#/ ? without_remark($0) : $0)) }
		kind == "postfix" { put(postfix($0)) }
		kind == "dovecot" { put(dovecot($0)) }
		kind == "slapd" { put(slapd($0)) }
		kind == "postgresql" { put(postgresql($0)) }
		kind == "mysql" { put(mysql($0)) }
		END { if (NR > 0 && kind == "nginx") end_nginx() }' "$@"
}

# Of what only_tls gave: "include PATTERN" and "named PATH", as they are written, each once.
named_files() {
	awk -v kind=$1 '
		function tell(what) { if (!(what in told)) { told[what] = 1; print what } }
		# The next word of text, without its quotes.
		function next_word(   c, quote, word) {
			sub(/^[ \t,=<|:]+/, "", text)
			if (text == "") return ""
			c = substr(text, 1, 1)
			if (c == "\"" || c == "\047") {
				text = substr(text, 2)
				word = substr(text, 1, index(text c, c) - 1)
				text = substr(text, length(word) + 2)
				return word
			}
			match(text, /^[^ \t,"\047<]+/)
			if (RLENGTH < 1) { text = substr(text, 2); return next_word() }
			word = substr(text, 1, RLENGTH)
			text = substr(text, RLENGTH + 1)
			return word
		}
		# With the variables that stand above it: $name, ${name} and $(name).
		function put_in(word,   name, times) {
			while (times++ < 8 && match(word, /[$][{(]?[A-Za-z_][A-Za-z_0-9]*[})]?/)) {
				name = substr(word, RSTART, RLENGTH)
				gsub(/[${}()]/, "", name)
				if (!(name in value)) return word
				word = substr(word, 1, RSTART - 1) value[name] substr(word, RSTART + RLENGTH)
			}
			return word
		}
		# What a line sets by a name: a parameter of main.cf, a Define of Apache.
		function keep_value(text,   name) {
			if (kind == "apache" && tolower(text) ~ /^[ \t]*define[ \t]/) sub(/^[ \t]*[^ \t]+[ \t]+/, "", text)
			else if (kind != "postfix" || text !~ /^[A-Za-z_0-9]+[ \t]*=/) return
			name = text
			sub(/[ \t=].*/, "", name)
			sub(/^[A-Za-z_0-9]+[ \t=]*/, "", text)
			gsub(/^"|"?[ \t\r]*$/, "", text)
			if (length(text) < 1000) value[name] = text
		}
		function finish(   count, statement, i, is_list, many, before, last, word) {
			if (kind == "postfix" || kind == "apache") keep_value(whole)
			count = split(whole, statement, /[;{}]/)
			if (kind != "nginx") { count = 1; statement[1] = whole }
			whole = ""
			for (i = 1; i <= count; i++) {
				text = statement[i]
				if (text ~ /^[ \t]*#/) break
				sub(/^[ \t]+/, "", text)
				name = tolower(text)
				sub(/[ \t=:].*/, "", name)
				if (kind == "postfix" && text ~ /^-o/) { match(text, /[a-z0-9_]*tls[a-z0-9_]*/); name = substr(text, RSTART, RLENGTH); text = substr(text, RSTART) }
				if (name ~ /^!?include(optional|dir|_try|_dir|_if_exists)?$/) {
					sub(/^[^ \t]+/, "", text)
					while ((word = next_word()) != "") tell("include " word)
					continue
				}
				# Several maps, of which inline ones name their files themselves.
				if (kind == "postfix" && name == "tls_server_sni_maps") {
					sub(/^[^ \t=]+/, "", text)
					gsub(/[{}]/, " ", text)
					many = 0
					while ((word = next_word()) != "" && many++ < 256) {
						if (word ~ /^\//) tell("named " put_in(word))
						else if (word ~ /^[a-z]+:./) tell("include " put_in(substr(word, index(word, ":") + 1)))
					}
					continue
				}
				is_list = kind == "haproxy" || (kind == "postfix" && text ~ /^([^ \t=]+[ \t]+)?\//) || name ~ /chain_files$/
				if (!is_list && name !~ /cert|(^|_)(ec|d)?key(_file|file)?$|keyfile|certificatekey|crt|(^|[-_])ca(_file|file)?$|cacertificate|tlsca|ssl[-_](key|ca|cert)|chain/) continue
				if (name ~ /path$|cache|session|cipher|verify|request|level|policy|loglevel|dir$|digest|match|username|prefer/) continue
				if (!(kind == "haproxy" && name ~ /[.\/]/) && !(kind == "postfix" && text ~ /^([^ \t]+[ \t]+)?\//)) sub(/^[^ \t=:]+/, "", text)
				if (kind == "haproxy" && name ~ /-base$/) {
					sub(/^[^ \t]+/, "", text)
					if (name == "crt-base") base = next_word() "/"
					continue
				}
				many = 0
				before = ""
				while ((word = next_word()) != "" && many++ < 64) {
					last = before
					before = word
					if (word ~ /^(data|engine|store|pkcs11|builtin|hash|btree|texthash|lmdb|cdb|inline|system)(:|$)/) continue
					word = put_in(word)
					if (word ~ /^\// || last == "crt" || (word ~ /[.](pem|crt|cer|key)$/ && word !~ /^[!~*]/) || word ~ /^[$]/ || !is_list) tell((last == "crt-list" ? "include " : last == "crt" ? "crt " : "named ") (kind == "haproxy" && word !~ /^\// ? base : "") word)
					if (!is_list) break
				}
			}
		}
		!/^[|]/ { finish(); is_ldif = /[.]ldif$/; next }
		# What the server reads as one: the line after one that ends with a backslash, statements of nginx, an entry that goes on.
		{
			line = substr($0, 2)
			if (kind == "slapd") {
				if (line !~ /^[ \t]/) finish()
				whole = whole (is_ldif && whole != "" ? substr(line, 2) : line)
				next
			}
			whole = whole line
			if (length(whole) < 65536) {
				if (kind == "apache" && sub(/\\$/, "", whole)) next
				if (kind == "nginx" && line !~ /[;{}][ \t]*$/) { whole = whole " "; next }
			}
			finish()
		}
		END { finish() }'
}

# ---- Stores of keys ---------------------------------------------------------------------------------------

# Keystores that came by, and those in the usual places. None leaves the host: of one that opens with a password that
# everybody knows its certificates do, and no key.
read_keystores() {
	stores=
	set +f
	may_hang /etc keystore || list_stores /etc/*/*.p12 /etc/*/*.pfx /etc/*/*.jks /etc/*/*.jceks /etc/*/*.keystore /etc/*/*.bcfks /etc/tomcat*/*/*.p12
	set +f
	may_hang /opt keystore || list_stores /opt/*/conf/*.p12 /opt/*/conf/*.jks /opt/*/conf/*.keystore /opt/*/ssl/*.p12 /opt/*/ssl/*.jks
	set +f
	may_hang /var/lib keystore || list_stores /var/lib/tomcat*/conf/*.p12 /var/lib/tomcat*/conf/*.jks
	set -f
	IFS=$nl
	for home in $homes; do
		unset IFS
		is_silent "$home" || list_stores "$home/.keystore"
		IFS=$nl
	done
	set -- $keystores $stores
	unset IFS
	seen_stores=$nl stores=0 stores_until=$(($(date +%s) + 5))
	for file do
		case $seen_stores in *"$nl$file$nl"*) continue ;; esac
		seen_stores=$seen_stores$file$nl
		[ -f "$file" ] || continue
		resolve "$file"
		case $real in '' | /proc/* | /sys/* | /dev/*) continue ;; esac
		if [ ! -r "$file" ]; then unread keystore "$file" not-permitted; continue; fi
		if is_late || stores_are_late; then unread limit "$file" too-late; return; fi
		stores=$((stores + 1))
		if [ $stores -gt 64 ]; then unread limit "$file" too-many; return; fi
		read_keystore "$file"
	done
}

read_keystore() {
	look "$1"
	store_facts="e:$mode,$links,$uid,$gid,$size" opened=no
	encode "$1"
	store_token=$token
	if ! hold "$1"; then
		case $why in gone) return ;; closed) why=owner-cannot-read ;; esac
		unread keystore "$1" $why
		return
	fi
	set -- "$1" $(take "$1" | head -c 16 | od -An -v -tx1)
	case "${2-}${3-}${4-}${5-}" in
		feedfeed) store_kind=jks; open_jks "$1" ;;
		cececece) store_kind=jceks; open_jks "$1" ;;
		30*)
			store_kind=pkcs12
			case $1 in *.bcfks) store_kind=bcfks ;; *) open_pkcs12 "$1" ;; esac
			;;
		*) store_kind=unknown ;;
	esac
	printf '@keystore - path:%s kind:%s %s opened:%s' "$store_token" $store_kind "$store_facts" $opened
	[ $opened != default ] || say password "$word"
	printf '\n'
}

# Whether a mount below $1 does not answer, told as of kind $2: then no pattern that leads there may be tried.
may_hang() {
	set -f
	IFS=$nl
	for mount in $silent_mounts; do
		case $mount in "$1"/*) unset IFS; unread $2 "$mount" no-answer; return 0 ;; esac
	done
	unset IFS
	set +f
	return 1
}

list_stores() {
	set -f
	for file do [ ! -f "$file" ] || stores=$stores$file$nl; done
}

stores_are_late() { [ "$(date +%s)" -ge $stores_until ]; }

# The certificates of a Java keystore lie open, and its last 20 bytes tell whether a password is the right one.
open_jks() {
	if [ "$size" -gt 524288 ]; then opened=too-large; return; fi
	take "$1" | od -An -v -tu1 | jks_certificates "$store_token" && opened=certificates
	digest=
	if has sha1sum; then digest=sha1sum
	elif has openssl; then digest='openssl dgst -sha1 -r'
	fi
	[ -n "$digest" ] && [ "$size" -gt 32 ] || return
	right=$(take "$1" | tail -c 20 | od -An -v -tx1 | tr -d ' \n')
	for word in changeit changeme password; do
		wide=$(printf %s "$word" | sed 's/./\\000&/g')
		is=$({ printf "$wide"'Mighty Aphrodite'; take "$1" | head -c $((size - 20)); } | $digest)
		[ "${is%% *}" != "$right" ] || { opened=default; return; }
	done
}

# Of a Java keystore in the numbers of od: each certificate that has the shape of one. What is encrypted is passed over.
jks_certificates() {
	awk -v path="$1" '
		{ for (i = 1; i <= NF; i++) byte[size++] = $i }
		function number(   v) { v = ((byte[at] * 256 + byte[at + 1]) * 256 + byte[at + 2]) * 256 + byte[at + 3]; at += 4; return v }
		function short(   v) { v = byte[at] * 256 + byte[at + 1]; at += 2; return v }
		function length_at(n,   k, v, i) {
			head = 1
			if (byte[n] < 128) return byte[n]
			k = byte[n] - 128; head = 1 + k; v = 0
			if (k < 1 || k > 3) return -1
			for (i = 1; i <= k; i++) v = v * 256 + byte[n + i]
			return v
		}
		function certificate(   n, end, whole, inner, i) {
			if (version == 2) at += short()
			n = number()
			if (n < 24 || at + n > size - 20) return 0
			end = at + n
			whole = length_at(at + 1) + 1 + head
			inner = at + 1 + head
			if (byte[at] != 48 || whole != n || byte[inner] != 48 || length_at(inner + 1) < 0) return 0
			inner += 1 + head
			if (byte[inner] != 160 && byte[inner] != 2) return 0
			printf "@certificate hex path:%s n:%d\n", path, ++told
			for (i = 0; i < n; i++) printf "%02x%s", byte[at + i], (i % 32 == 31 || i == n - 1) ? "\n" : ""
			at = end
			return 1
		}
		END {
			at = 4; version = number(); entries = number()
			if (entries > 2000) exit 1
			while (entries-- > 0 && at < size - 20) {
				tag = number(); at += short(); at += 8
				if (tag == 2) { if (!certificate()) exit 1; continue }
				if (tag != 1) exit 1
				at += number()
				chain = number()
				if (chain > 100) exit 1
				while (chain-- > 0) if (!certificate()) exit 1
			}
			exit told == 0
		}'
}

open_pkcs12() {
	if ! has openssl || [ $may_stop = no ]; then opened=no-tool; return; fi
	if [ "$size" -gt $MIB ]; then opened=too-large; return; fi
	legacy=
	for word in '' changeit changeme password; do
		if stores_are_late; then opened=too-late; return; fi
		inside=$(take "$1" | timeout -s KILL 2 openssl pkcs12 $legacy -nokeys -passin "pass:$word" 2>&1)
		case $inside in
			*'BEGIN CERTIFICATE'*) ;;
			*unsupported* | *'legacy'*)
				legacy=-legacy
				inside=$(take "$1" | timeout -s KILL 2 openssl pkcs12 -legacy -nokeys -passin "pass:$word" 2>&1)
				;;
		esac
		case $inside in
			*'PRIVATE KEY'*) return ;;
			*'BEGIN CERTIFICATE'*)
				printf '%s\n' "$inside" | pem_certificates "$store_token"
				opened=default
				[ -n "$word" ] || opened=open
				return
				;;
		esac
	done
	opened=locked
}

# ---- What listens -----------------------------------------------------------------------------------------

# The sockets that listen for TCP, and the processes that hold them, as far as they can be seen.
read_listeners() {
	[ -r /proc/net/tcp ] || return
	hz=$(getconf CLK_TCK) boot=
	while read -r key value rest; do [ "$key" != btime ] || boot=$value; done </proc/stat
	printf '@addresses - boot:%s hz:%s' "$boot" "${hz:-100}"
	for address in $(awk '/32 host LOCAL/ && !($0 in told) { print last } { last = $2 }' /proc/net/fib_trie | sort -u); do
		say address "$address"
	done
	[ ! -r /proc/net/if_inet6 ] || while read -r address name; do say address6 "$address"; done </proc/net/if_inet6
	printf '\n'
	set +f
	set -- /proc/[0-9]*/fd
	set -f
	holding='ls -ln'
	[ $may_stop = no ] || holding='timeout -s KILL 4 ls -ln'
	sockets=$({ cat /proc/net/tcp /proc/net/tcp6; $holding "$@" /proc/self/fd; } | awk '
		$4 == "0A" && $2 ~ /^[0-9A-F]+:[0-9A-F]+$/ { if (many++ < 2000) address[$10] = $2; next }
		/^\/proc\// { split($0, part, "/"); pid = part[3]; next }
		$NF ~ /^socket:\[[0-9]+\]$/ {
			inode = substr($NF, 9, length($NF) - 9)
			if (!(inode in address) || pid !~ /^[0-9]+$/ || told[inode " " pid]++) next
			if (++holders[inode] <= 64) pids[inode] = pids[inode] " pid:" pid
		}
		END { for (inode in address) print "socket:" address[inode] pids[inode] }' | sort)
	printf '%s\n' "$sockets" | while read -r socket pids; do
		[ -z "$socket" ] || printf '@listener - %s%s\n' "$socket" "${pids:+ $pids}"
	done
	seen_processes=$nl roots_nginx=' ' nginx_configs=''
	for pid in $sockets; do
		case $pid in pid:*) tell_process "${pid#pid:}" ;; esac
	done
}

# Whether nginx of process $1 is root's, by itself or as a worker of its parent $2; and what that was started with: as -c of the title
# that a program of root has given itself.
tell_nginx() {
	for asked_pid in "$1" "$2"; do
		case $roots_nginx in *" $asked_pid "*) return ;; esac
		is_roots_daemon "$asked_pid" nginx 'nginx[.-]*' || continue
		roots_nginx="$roots_nginx$asked_pid "
		take_nginx_words $(tr '\0\n' '  ' <"/proc/$asked_pid/cmdline")
		case $nl$nginx_configs in *"$nl$nginx_config$nl"*) ;; *) nginx_configs=$nginx_configs${nginx_config:+$nginx_config$nl} ;; esac
		return
	done
	printf ' strange:yes'
}

# The file after -c, seen from the folder after -p, into $nginx_config; empty where there is none that can be told.
take_nginx_words() {
	nginx_config='' nginx_prefix=''
	while [ $# -gt 0 ]; do
		case $1 in
			-c) nginx_config=${2-} ;;
			-c?*) nginx_config=${1#-c} ;;
			-p) nginx_prefix=${2-} ;;
			-p?*) nginx_prefix=${1#-p} ;;
		esac
		shift
	done
	case $nginx_config in
		'' | /*) ;;
		*) case $nginx_prefix in /*) nginx_config=${nginx_prefix%/}/$nginx_config ;; *) nginx_config='' ;; esac ;;
	esac
}

# In which folder Postfix of process $1 begins, where it is root's: that is told by what surrounds it, and never by its arguments.
tell_postfix() {
	is_roots_daemon "$1" master || return
	postfix_folder=$(tr '\0' '\n' <"/proc/$1/environ" | sed -n 's/^MAIL_CONFIG=//p' | head -n 1)
	case $postfix_folder in /*) say argument master; say argument -c; say argument "$postfix_folder" ;; esac
}

tell_process() {
	case $seen_processes in *"$nl$1$nl"*) return ;; esac
	seen_processes=$seen_processes$1$nl
	stat=
	IFS= read -r stat <"/proc/$1/stat"
	[ -n "$stat" ] || return
	name=${stat#*"("}
	name=${name%")"*}
	set -- "$1" ${stat##*")"}
	printf '@process - pid:%s' "$1"
	say name "$name"
	case ${21-} in '' | *[!0-9]*) ;; *) printf ' ticks:%s' "${21}" ;; esac
	case $name in
		nginx | apache2 | httpd | httpd-prefork | httpd-worker | httpd-event | haproxy | master | dovecot | slapd | postgres | postmaster | mariadbd | mysqld)
			# One in a container reads other files.
			space=$(readlink "/proc/$1/ns/pid")
			if [ -n "$space" ] && [ "$space" != "$own_space" ]; then printf ' elsewhere:yes'
			elif [ "$name" = nginx ] && [ "$my_uid" = 0 ]; then tell_nginx "$1" "${3-}"
			fi
			[ "$name" != master ] || [ "$my_uid" != 0 ] || tell_postfix "$1"
			tr '\0' '\n' <"/proc/$1/cmdline" | grep -v -i -e pass -e secret -e token -e auth | head -n 40 | while IFS= read -r argument; do
				say argument "$argument"
			done
			;;
	esac
	printf '\n'
}

# ---- Logs -------------------------------------------------------------------------------------------------

# Which keys have logged in, as sshd wrote it, newest source first. A line counts by what it says without its port,
# once a day, so that years of logs are a few kilobytes; and of each source it is told from when to when it reaches.
read_logs() {
	logs_until=$(($(date +%s) + 8))
	[ $logs_until -le $((begun + 24)) ] || logs_until=$((begun + 24))
	logs_length=0 most_bytes=$((64 * MIB))
	[ $may_stop = no ] || most_bytes=$((512 * MIB))
	read_journal
	read_log_files /var/log/auth.log
	read_log_files /var/log/secure
	read_last_logins
}

# Runs $* for as long as the logs have time, and says at the end if it came to its own.
in_time() {
	left=$((logs_until - $(date +%s)))
	[ $left -gt 0 ] || return
	if [ $may_stop = yes ]; then timeout $left "$@"; else "$@"; fi && printf '%s\n' "$nonce"
}

log_is_late() {
	leave
	[ "$(date +%s)" -ge $logs_until ] || return 1
	unread log "$1" too-late
}

# The messages of the system's own journal, newest first: what is cut off then is the oldest. The name of a program
# is what its message claims, but only root's processes are asked for.
read_journal() {
	has journalctl || return
	found=no
	set +f
	set -- /var/log/journal /run/log/journal /var/log/journal/* /run/log/journal/* \
		/var/log/journal/*/system*.journal* /run/log/journal/*/system*.journal*
	set -f
	for file do
		[ -e "$file" ] || continue
		if [ ! -r "$file" ] || { [ -d "$file" ] && [ ! -x "$file" ]; }; then
			unread log journal not-permitted
			return
		fi
		[ -d "$file" ] || found=yes
	done
	[ $found = yes ] || return
	if log_is_late journal; then return; fi
	summary=$({
		ask_journal -n 1 | sed 's/^/N	/'
		in_time env TZ=UTC journalctl --system -q --no-pager --list-boots | tail -n 400 | sed 's/^/B	/'
		# Messages that the journal had no room for within a moment, as it has written itself.
		ask_journal -r -n 1000 _TRANSPORT=driver MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e | grep ' messages from ssh' | sed 's/^/X	/'
		ask_journal -r _UID=0 SYSLOG_IDENTIFIER=sshd SYSLOG_IDENTIFIER=sshd-session SYSLOG_IDENTIFIER=sshd-auth
	} | sum_up_log)
	printf '@log %s path:journal\n' $encoding
	ship_log
}

ask_journal() { in_time journalctl --system -q --no-pager -o short-iso "$@"; }

# $1 and its rotations, newest first.
read_log_files() {
	set +f
	set -- $(ls -dt "$1" "$1".[0-9]* "$1"-[0-9]*)
	set -f
	for file do
		case $file in
			*[!A-Za-z0-9/._-]*) continue ;;
			*.gz | *.xz | *.zst | *.bz2) [ ! -e "${file%.*}" ] || continue ;;
		esac
		read_log_file "$file"
	done
}

read_log_file() {
	resolve "$1"
	case $real in '' | /proc/* | /sys/* | /dev/*) return ;; esac
	[ -f "$1" ] || return
	if [ ! -r "$1" ]; then unread log "$1" not-permitted; return; fi
	case $1 in
		*.gz) opener=gzip ;;
		*.xz) opener=xz ;;
		*.zst) opener=zstd ;;
		*.bz2) opener=bzip2 ;;
		*) opener=cat ;;
	esac
	if ! has $opener; then unread log "$1" no-opener $opener; return; fi
	look "$1"
	if [ $opener != cat ] && [ "$size" -gt $((most_bytes / 8)) ]; then unread log "$1" too-large; return; fi
	if log_is_late "$1"; then return; fi
	if [ $logs_length -gt $((2 * MIB)) ]; then unread log "$1" logs-full; return; fi
	summary=$(
		if [ $opener != cat ]; then in_time $opener -dc "$1"
		elif [ "$size" -gt $most_bytes ]; then in_time tail -c $most_bytes "$1"
		else in_time cat "$1"
		fi | sum_up_log
	)
	printf '@log %s path:%s' $encoding "$1"
	written=$(date -r "$1" +%s)
	case $written in '' | *[!0-9]*) ;; *) printf ' written:%s' "$written" ;; esac
	[ $opener = cat ] && [ "$size" -gt $most_bytes ] && printf ' cut:%s' $((most_bytes / MIB))
	printf '\n'
	ship_log
}

ship_log() {
	logs_length=$((logs_length + ${#summary}))
	printf '%s\n' "$summary" | payload
}

# Of a log, a line each and its words parted by tabs:
#   D DAY                      each day on which anything was logged, in the order of the log; the first is number 0
#   S FIRST LAST               the first and the last line that has a date
#   A COUNT                    logins by any method
#   M HOST MESSAGE DAYS...     a message on a login by key, its days as NUMBER/COUNT/FIRST/LAST
#   E WORD                     whole, or cut where its end was not reached, or full where there were too many messages
# Only what stands at the place of the program's name is sshd: anybody may choose the rest of a line.
sum_up_log() {
	awk -v end="$nonce" '
		function put(   n, host, message, where, at, times) {
			rest = is_bsd ? substr($0, 17) : substr($0, index($0, " ") + 1)
			n = index(rest, " ")
			host = substr(rest, 1, n - 1)
			message = substr(rest, n + 1)
			sub(/^[a-z0-9]+\.[a-z]+ /, "", message)
			if (!sub(/^sshd(-session|-auth)?(\[[0-9]+\])?: /, "", message)) return
			times = 1
			if (message ~ /^message repeated [0-9]+ times: \[ /) {
				split(message, where, " ")
				times = where[3] + 0
				sub(/^message repeated [0-9]+ times: \[ /, "", message)
				sub(/\]$/, "", message)
			}
			if (message !~ /^(Accepted|Partial) /) return
			accepted += times
			if (message !~ /^(Accepted|Partial) publickey for /) return
			gsub(/\t/, " ", message)
			sub(/, signature count = [0-9]+$/, "", message)
			sub(/ port [0-9]+ ssh2/, " port 0 ssh2", message)
			if (messages >= 500) sub(/ from [^ ]+ port 0 ssh2/, " from * port 0 ssh2", message)
			at = host "\t" message
			if (!(at in days)) {
				if (messages >= 2000 || length(at) > 2000) { is_full = 1; return }
				order[++messages] = at
				days[at] = ""
			}
			if (!((at, number) in count)) {
				if (++rows > 20000) { is_full = 1; return }
				days[at] = days[at] number " "
				first[at, number] = last[at, number] = time()
			}
			count[at, number] += times
			if (time() < first[at, number]) first[at, number] = time()
			if (time() > last[at, number]) last[at, number] = time()
		}
		function time() { return is_bsd ? substr($0, 8, 8) : substr($0, 12, index($0, " ") - 12) }
		function stamp(line) { return line ~ /^[A-Z]/ ? substr(line, 1, 15) : substr(line, 1, index(line, " ") - 1) }
		function turn_to(day) {
			if (day == before) { before = today; today = day; number = known[day]; return }
			before = today; today = day
			number = known[day] = ndays++
			if (ndays <= 5000) print "D\t" day
			else is_full = 1
		}
		BEGIN { ndays = messages = accepted = rows = 0 }
		{ line_before = this_line; this_line = $0 }
		/^[NBX]\t/ { print; next }
		{
			day = substr($0, 1, 10)
			if (day == today) { is_bsd = 0 }
			else if (substr(day, 1, 6) == today) { is_bsd = 1 }
			else if (day ~ /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]$/ && substr($0, 11, 1) == "T") { is_bsd = 0; turn_to(day) }
			else if ($0 ~ /^[A-Z][a-z][a-z] [ 0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9] /) { is_bsd = 1; turn_to(substr(day, 1, 6)) }
			else next
			if (first_line == "") first_line = $0
			last_line = $0
			if (index($0, "Accepted ") == 0 && index($0, "Partial ") == 0) next
			put()
		}
		END {
			if (first_line != "") print "S\t" stamp(first_line) "\t" stamp(last_line)
			print "A\t" accepted
			for (i = 1; i <= messages; i++) {
				at = order[i]
				printf "M\t%s", at
				held = split(days[at], which, " ")
				for (j = 1; j <= held; j++)
					printf "\t%d/%d/%s/%s", which[j], count[at, which[j]], first[at, which[j]], last[at, which[j]]
				printf "\n"
			}
			print "E\t" (this_line != end ? "cut" : is_full ? "full" : "whole")
		}'
}

# When each account was last logged in to, by whatever means, where a program of the host can read it.
read_last_logins() {
	for records in /var/lib/lastlog/lastlog2.db /var/log/wtmp.db /var/lib/wtmpdb/wtmpdb.db /var/log/lastlog; do
		[ -f $records ] || continue
		look $records
		# The old file has a place for every number of an account; it is as good as empty.
		[ "$size" -gt 0 ] || continue
		if [ ! -r $records ]; then unread log $records not-permitted; continue; fi
		if log_is_late $records; then continue; fi
		# What a program has not yet put in its place could only be read by writing beside it.
		if [ -s $records-wal ]; then unread log $records in-use; continue; fi
		case $records in
			*/lastlog2.db)
				query='SELECT Time, Name, RemoteHost FROM Lastlog2 WHERE Time > 0 ORDER BY Time DESC LIMIT 5000'
				program=lastlog2 ;;
			*.db)
				query='SELECT max(Login) / 1000000, User, RemoteHost FROM wtmp WHERE Type = 3 GROUP BY User LIMIT 5000'
				program=wtmpdb ;;
			*) query='' program=lastlog ;;
		esac
		if [ -n "$query" ] && has sqlite3; then
			printf '@last-logins %s path:%s form:rows\n' $encoding $records
			in_time sqlite3 -readonly -batch -init /dev/null -separator '	' "file:$records?immutable=1" "$query" | payload
		elif has $program; then
			printf '@last-logins %s path:%s form:table\n' $encoding $records
			set --
			[ $program != wtmpdb ] || set -- last -f $records -w --time-format iso
			in_time $program "$@" | awk '!told[$1]++' | head -n 5000 | payload
		else
			unread log $records no-opener $program
		fi
	done
}

main "$@" </dev/null
