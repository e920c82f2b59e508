# The files that servers read for one certificate, the pair: all of them become the new ones, or what they were. Verbs
# of the remote session, as session/protocol.sh says what one is.
#
# Files of a pair come as five words each: N PATH REAL BEFORE WANTED. PATH is what the configuration names, REAL where
# that lies: links on the way stay what they are. What is made for a run is root's alone, 0700 and outside of what is
# served:
#
#   /var/lib/latchkey/held-HASH       link to the TOKEN whose run has the file with that path (a hash of it)
#   /var/lib/latchkey/TOKEN/ID/       the den of one pair:
#     key, request                    made here: the private key, and what asks for a certificate with it
#     real-N                          where file N lies; near-N: its den is REAL's folder/.latchkey-TOKEN-ID, for
#                                     nothing can be renamed from here to there
#     part-N                          being written; worth nothing
#     next-N.WANTED                   about to become the file, whole, if it has that hash; otherwise it was the file
#                                     until now
#     held-N.BEFORE                   the very file that was replaced, with its owner, mode, attributes and label
#     revert-pair.GEN.sh              what puts held-N back and tells the servers; armed-pair.GEN while it may,
#                                     fired-pair.GEN once it has
#     turning-free, turning-PID-TIME  whose turn it is: one file, renamed by whoever turns the pair
#
# Where somebody else than root owns REAL's folder, root works from within its own den, which they can move but not
# enter.

# ---- Places -----------------------------------------------------------------------------------------------

# enter_run TOKEN ID [make]: into $work, the den of that pair, if there is one.
enter_run() {
	run=$1 id=pair
	check_words "$1" "$2"
	find_store
	work=$store/$1/$2 lair=.latchkey-$1-$2
	if [ "${3-}" = make ]; then
		problem=$(mkdir -p "${store%/*}" 2>&1) || cannot no "${store%/*}"
		for entry in "$store" "$store/$1" "$work"; do
			problem=$(mkdir -m 700 "$entry" 2>&1) || [ -d "$entry" ] || cannot no "$entry"
		done
	fi
	look_at "$work"
	# Nothing was made for it, or it is over: files can be judged, and not turned.
	if [ -z "$mode" ]; then work=/dev/null; cd / && find_sync .; return; fi
	judge_way "$work" && [ "$actor" = "$my_uid" ] || no state-folder "$store"
	look_at "$store"
	case $mode in d???------*) ;; *) no state-folder "$store" ;; esac
	cd -P -- "$work" && [ "$(pwd -P)" = "$work" ] || no state-folder "$store"
	find_sync .
}

find_store() {
	if [ "$my_uid" = 0 ]; then store=/var/lib; [ -d "$store" ] || store=/var/db
	else
		# By the account's entry, whatever its login has set.
		while IFS=: read -r _ _ number _ _ home _; do [ "$number" != "$my_uid" ] || break; done </etc/passwd
		[ "$number" = "$my_uid" ] || { home=$(getent passwd "$my_uid"); home=${home%:*} home=${home##*:}; }
		store=$home/.local/state
	fi
	real_store=$(cd -P -- "$store" 2>/dev/null && pwd -P) || real_store=$store
	store=${real_store%/}/latchkey
}

# Follows every link on the way of path $1, into $real; each is told by $2 LINK GOAL UID. Who could turn one of them
# has to be root or the owner of the folder that it leads to: $way_owners, $way_open.
follow_links() {
	walked= left=${1#/}/ hops=0 way_owners=' ' way_open=
	case $1 in /*) ;; *) refuse odd-path "$1"; return 1 ;; esac
	while [ -n "${left%/}" ]; do
		piece=${left%%/*} left=${left#*/}
		case $piece in '' | .) continue ;; ..) walked=${walked%/*}; continue ;; esac
		look_at "$walked/$piece"
		case $mode in
			l*)
				hops=$((hops + 1))
				[ $hops -le 16 ] || { refuse linked-folder "$walked/$piece"; return 1; }
				goal=$(readlink "$walked/$piece") || { refuse linked-folder "$walked/$piece"; return 1; }
				$2 "$walked/$piece" "$goal" "$uid"
				case $goal in
					/*) left=${goal#/}/$left walked= ;;
					*) left=$goal/$left ;;
				esac
				;;
			d*)
				walked=$walked/$piece
				case $mode in d????w* | d???????w*) way_open=$walked ;; esac
				;;
			*) walked=$walked/$piece ;;
		esac
		[ -z "$uid" ] || [ -z "${left%/}" ] || way_owners="$way_owners$uid "
	done
	real=$walked
	if is_odd "$1$real"; then refuse odd-path "$1"; return 1; fi
}

# Whether nobody else can turn the way of $1 elsewhere; $actor is who owns the folder that it ends in.
judge_links() {
	folder=${real%/*}
	judge_way "${folder:-/}" || return 1
	[ "$my_uid" = 0 ] || [ "$actor" = "$my_uid" ] || { refuse not-owner "$actor"; return 1; }
	for owner in $way_owners; do
		case $owner in 0 | "$actor") ;; *) refuse others-folder "$1"; return 1 ;; esac
	done
	if [ "$actor" = 0 ] && [ -n "$way_open" ]; then refuse open-folder "$way_open"; return 1; fi
}

# enter_file N PATH REAL: into its folder, or its den beside it. The file is $live from there, what is made for it is
# in $den.
enter_file() {
	nth=$1 path=$2 want_real=$3 refusal=
	check_words "$nth"
	real=$want_real
	# Between the turns of two files there is no more than a moment.
	if [ "${round-}" != turn ]; then
		follow_links "$path" : || no "$refusal" "$detail"
		[ "$real" = "$want_real" ] || no linked-elsewhere "$path"
		judge_links "$path" || no "$refusal" "$detail"
	fi
	folder=${real%/*} name=${real##*/}
	cd -P -- "${folder:-/}" 2>/dev/null && [ "$(pwd -P)" = "${folder:-/}" ] || no no-folder "$folder"
	live=./$name den=$work
	[ ! -e "$work/near-$nth" ] || enter_lair
}

# Into the den beside the file. It is judged from within: its name may be a link to anywhere at the next moment.
enter_lair() {
	look_at "./$lair"
	case $mode in
		# It goes first when the run ends.
		'') den=/dev/null live=./$name; return ;;
		d*) ;;
		*) no work-folder-occupied "$folder/$lair" ;;
	esac
	cd -P -- "./$lair" 2>/dev/null && [ "$(where_we_are)" = "$folder/$lair" ] || no work-folder-occupied "$folder/$lair"
	look_at .
	case $mode,$uid in drwx------*,"$my_uid") ;; *) no work-folder-occupied "$folder/$lair" ;; esac
	live=../$name den=.
}

# By the system's own word: bash answers with the way that it believes it came.
where_we_are() { env pwd -P 2>/dev/null || pwd -P; }

# Where file N can be made so that it can be renamed over ./$name: a second name for that is tried.
choose_den() {
	if [ -e "$work/near-$nth" ] && [ "$den" != /dev/null ]; then return; fi
	rm -f "$work/try-$nth"
	if ln "./$name" "$work/try-$nth" 2>/dev/null; then rm -f "$work/try-$nth"; return; fi
	make_empty "$work/near-$nth" || cannot no "$work/near-$nth"
	problem=$(mkdir -m 700 "./$lair" 2>&1) || [ -d "./$lair" ] || cannot no "$folder/$lair"
	enter_lair
}

sync_dens() {
	if [ "${sync_takes-}" = no ]; then sync
	else problem=$(sync "${live%/*}" "$den" 2>&1)
	fi
}

# ---- Looking ----------------------------------------------------------------------------------------------

# pair_look PATH: all that a plan has to know of the file that a configuration names so. Of its bytes the first
# certificate, and of a key its public half.
do_pair_look() {
	real=$1 refusal= managed= renew_name= renew_folder=
	if follow_links "$1" tell_link && judge_links "$1"; then
		tell real "$real"
		folder=${real%/*} name=${real##*/}
		if cd -P -- "${folder:-/}" && [ "$(pwd -P)" = "${folder:-/}" ]; then
			judge_file
			tell_pair_file
		else refuse no-folder "$folder"
		fi
	else tell real "$real"
	fi
	find_manager "$1"
	[ -z "$managed" ] || tell managed "$managed" "$renew_name" "$renew_folder"
	[ -z "$refusal" ] || tell refusal "$refusal" "$detail"
	dead_man_ways
	tell dead-man $ways
	find_store
	holder=$(readlink "$store/held-$(hash_word "$real")" 2>/dev/null) && [ -d "$store/$holder" ] && tell held "$holder"
	ok seen
}

tell_link() {
	tell link "$1" "$2" "$3"
	find_lineage "$1"
}

tell_pair_file() {
	look_at "./$name"
	[ -n "$mode" ] || return
	name_of "$uid"
	tell file "$mode" "$links" "$uid" "$gid" "$size" "$user_name"
	tell written "$(stat -c %Y "./$name" 2>/dev/null || date -r "./$name" +%s 2>/dev/null)"
	case $mode in -*) ;; *) return ;; esac
	case ${mode#??????????} in *+*) tell acl ;; esac
	if has getfattr && [ -n "$(getfattr -d -m '^user\.' "./$name" 2>/dev/null)" ]; then tell xattr; fi
	set -- $(ls -dZ "./$name" 2>/dev/null)
	case ${1-} in *:*:*:*) tell label "$1" ;; esac
	[ "$size" -le 4194304 ] && [ -n "$hash_tool" ] || return
	hash_of "./$name"
	tell hash "$hashed"
	kind_of "./$name"
	tell kind $file_kind
	case $file_kind in certificate | both) tell leaf "$(first_certificate "./$name")" ;; esac
	case $file_kind in key | both) tell public "$(public_half "./$name")" ;; esac
}

# The base64 of the public half of a private key; nothing where openssl is not here, or cannot read it.
public_half() { openssl pkey -pubout -passin pass: <"$1" 2>/dev/null | awk '!/^-----/ { printf "%s", $0 }'; }

# The base64 of the first certificate in a file, which is public; nothing where it has another form.
first_certificate() {
	awk "$first_certificate_awk" "$1" 2>/dev/null
}

hash_word() { hashed=$(put_line "$1" | $hash_tool); put_line "${hashed%% *}"; }

# What a file holds, by its marks: $file_kind, and $key_first where a key stands before a certificate in it.
kind_of() {
	file_kind=other key_first=no
	marks=$(grep -a -e '^-----BEGIN .*-----' -e '^Proc-Type: 4,ENCRYPTED' "$1" 2>/dev/null | tr -d '\r')
	while IFS= read -r mark; do
		case $mark in
			*'BEGIN CERTIFICATE-----' | *'BEGIN X509 CERTIFICATE-----' | *'BEGIN TRUSTED CERTIFICATE-----')
				case $file_kind in key) file_kind=both key_first=yes ;; other) file_kind=certificate ;; esac
				;;
			*'ENCRYPTED PRIVATE KEY-----' | Proc-Type*) file_kind=locked-key; return ;;
			*'PRIVATE KEY-----')
				case $file_kind in certificate) file_kind=both ;; other) file_kind=key ;; esac
				;;
		esac
	done <<-MARKS
		$marks
	MARKS
	[ $file_kind = other ] || return 0
	case $(head -c 48 "$1" 2>/dev/null | od -An -v -tx1 | tr -d ' \n') in
		feedfeed* | cececece*) file_kind=jks ;;
		30??????020103*06092a864886f70d0107* | 30????020103*06092a864886f70d0107* | 3080020103*) file_kind=pkcs12 ;;
	esac
}

# Who renews the file at $1 by itself, into $managed; under which name, and from which folder, into $renew_name and
# $renew_folder, as far as root can have that done: no words for a shell, for whoever named a folder has chosen them.
find_manager() {
	[ -z "$managed" ] || return 0
	renew_name= renew_folder=
	find_lineage "$real"
	[ -z "$managed" ] || return 0
	set +f
	for conf in /root/.acme.sh/*/*.conf /var/lib/certmonger/requests/*; do
		[ -f "$conf" ] || continue
		case $conf in
			/root/*)
				grep -qF -e "Path='$1'" "$conf" 2>/dev/null || continue
				renew_name=${conf##*/}
				managed=acme.sh renew_name=${renew_name%.conf}
				;;
			*)
				grep -qxF -e "cert_storage_location=$1" -e "key_storage_location=$1" "$conf" 2>/dev/null || continue
				managed=certmonger renew_name=$(sed -n 's/^cert_storage_location=//p' "$conf")
				;;
		esac
	done
	set -f
}

# Whether $1 belongs to one certificate of a program that keeps its own folder.
find_lineage() {
	lineage=${1%/*}
	lineage=${lineage##*/}
	case $lineage in *[!A-Za-z0-9._*-]*) return ;; esac
	case $1 in
		*/live/"$lineage"/* | */archive/"$lineage"/*)
			base=${1%/*/"$lineage"/*}
			[ -f "$base/renewal/$lineage.conf" ] || return 0
			managed=certbot
			# It runs what this file says: whose it is runs it.
			if is_roots_path "$base/renewal/$lineage.conf"; then renew_name=$lineage renew_folder=$base; fi
			;;
		*/dehydrated/certs/"$lineage"/*) managed=dehydrated renew_name=$lineage ;;
		*/caddy/certificates/*) managed=caddy ;;
		*/..data/*) managed=kubernetes ;;
		*/.lego/certificates/* | */lego/certificates/*) managed=lego ;;
	esac
}
