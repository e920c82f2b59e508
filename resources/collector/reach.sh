# Who becomes whom by sudo, doas or what runs as root for them, open agents, and the hosts that this one knows.

# The rules of sudo and doas, what makes root of whoever may write to it, open agents, and the hosts that are known.
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
	read_privileged_paths
	read_agents
	read_outbound
}

# What makes root of whoever may write to it: sockets of what runs as root and starts anything for anybody who may ask,
# and whole disks. Who may is for their modes to say, and for the groups that they are of.
read_privileged_paths() {
	set +f
	for path in /run/docker.sock /run/containerd/containerd.sock /run/podman/podman.sock /run/crio/crio.sock \
		/var/snap/lxd/common/lxd/unix.socket /var/lib/lxd/unix.socket /run/incus/unix.socket /var/lib/incus/unix.socket \
		/run/libvirt/libvirt-sock /run/libvirt/virtqemud-sock \
		/dev/sd[a-z] /dev/vd[a-z] /dev/xvd[a-z] /dev/nvme[0-9]n[0-9] /dev/mmcblk[0-9]; do
		[ -S "$path" ] || [ -b "$path" ] || continue
		read_stat "$path"
		printf '@privileged-path - path:%s e:%s,%s,%s,%s,%s\n' "$path" "$mode" "$links" "$uid" "$gid" "$size"
	done
	set -f
}

# One file of rules with its mode, for sudo refuses what others may write.
ship_rules() {
	if [ ! -r "$2" ]; then unread sudo "$2" needs-root; return 1; fi
	resolve "$2"
	read_stat "$2"
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
	awk -v own="$1" -v host="$(uname -n)" "$sudoers_awk"
}

# Agents whose sockets are open now, by their owner. The kernel tells which are: one that crashed leaves its file.
read_agents() {
	[ -r /proc/net/unix ] || return
	agents=$(awk "$agent_sockets_awk" /proc/net/unix)
	for path in $agents; do
		if [ "$path" = cut ]; then unread outbound /proc/net/unix too-many-outbound; break; fi
		folder=${path%/*}
		# The name is whatever it was given, of whichever mounts.
		if leads_to_silence "$folder"; then unread outbound "$path" no-answer; continue; fi
		# Whoever made the socket may have put a link to somebody else's folder in its place.
		[ -d "$folder" ] && [ ! -h "$folder" ] || continue
		read_stat "$folder"
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

# Where accounts have been: known_hosts, and of ssh_config what names a host, a login and a key. Of the host itself;
# of homes by read_homes.
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
	awk "$client_config_awk"
}
