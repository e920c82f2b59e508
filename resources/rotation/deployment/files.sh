# A deployment, the files that servers read for one certificate: all of them become the new ones, or what they were.
# Verbs of a session, as session/protocol.sh says what one is.
#
# Files of a deployment come as five words each: N PATH REAL BEFORE AFTER. PATH is what the configuration names, REAL
# where that lies: links on the path stay what they are. What is made for a run is root's alone, 0700 and outside of
# what is served:
#
#   /var/lib/latchkey/held-HASH       link to the TOKEN whose run has the file with that path (a hash of it)
#   /var/lib/latchkey/TOKEN/ID/       the staging folder of one deployment:
#     key, request                    made here: the private key, and what asks for a certificate with it
#     real-N                          where file N lies; near-N: it is staged in REAL's folder/.latchkey-TOKEN-ID, for
#                                     nothing can be renamed from here to there
#     part-N                          being written; worth nothing
#     next-N.AFTER                    about to become the file, whole, if it has that hash; otherwise it was the file
#                                     until now
#     held-N.BEFORE                   the very file that was replaced, with its owner, mode, attributes and label
#     revert-deployment.GEN.sh        what puts held-N back and reloads the servers; armed-deployment.GEN while it may,
#                                     fired-deployment.GEN once it has
#     mutex-free, mutex-PID-TIME      who replaces files now: one file, renamed by whoever does
#
# Where somebody else than root owns REAL's folder, root works from within its own staging folder, which they can move
# but not read or write.

# ---- Paths ------------------------------------------------------------------------------------------------

# cd_to_run TOKEN ID [make]: into $work, the staging folder of that deployment, if there is one.
cd_to_run() {
	run=$1 id=deployment
	check_words "$1" "$2"
	find_store
	work=$store/$1/$2 staging_name=.latchkey-$1-$2
	if [ "${3-}" = make ]; then
		problem=$(mkdir -p "${store%/*}" 2>&1) || cannot no "${store%/*}"
		for entry in "$store" "$store/$1" "$work"; do
			problem=$(mkdir -m 700 "$entry" 2>&1) || [ -d "$entry" ] || cannot no "$entry"
		done
	fi
	read_stat "$work"
	# Nothing was made for it, or it is over: files can be checked, and not replaced.
	if [ -z "$mode" ]; then work=/dev/null; cd / && find_sync .; return; fi
	check_path "$work" && [ "$actor" = "$my_uid" ] || no state-folder "$store"
	read_stat "$store"
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

# Follows every link on path $1, into $real; each is reported by $2 LINK GOAL UID. Who could redirect one of them
# has to be root or the owner of the folder that it leads to: $link_owners, $open_folder.
follow_links() {
	walked= left=${1#/}/ hops=0 link_owners=' ' open_folder=
	case $1 in /*) ;; *) refuse odd-path "$1"; return 1 ;; esac
	while [ -n "${left%/}" ]; do
		piece=${left%%/*} left=${left#*/}
		case $piece in '' | .) continue ;; ..) walked=${walked%/*}; continue ;; esac
		read_stat "$walked/$piece"
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
				case $mode in d????w* | d???????w*) open_folder=$walked ;; esac
				;;
			*) walked=$walked/$piece ;;
		esac
		[ -z "$uid" ] || [ -z "${left%/}" ] || link_owners="$link_owners$uid "
	done
	real=$walked
	if is_odd "$1$real"; then refuse odd-path "$1"; return 1; fi
}

# Whether nobody else can redirect path $1; $actor is who owns the folder that it ends in.
check_links() {
	folder=${real%/*}
	check_path "${folder:-/}" || return 1
	[ "$my_uid" = 0 ] || [ "$actor" = "$my_uid" ] || { refuse not-owner "$actor"; return 1; }
	for owner in $link_owners; do
		case $owner in 0 | "$actor") ;; *) refuse others-folder "$1"; return 1 ;; esac
	done
	if [ "$actor" = 0 ] && [ -n "$open_folder" ]; then refuse open-folder "$open_folder"; return 1; fi
}

# cd_to_file N PATH REAL: into its folder, or the staging folder beside it. The file is $live from there, what is made
# for it is in $staging.
cd_to_file() {
	nth=$1 path=$2 expected_real=$3 refusal=
	check_words "$nth"
	real=$expected_real
	# Between the replacements of two files there is no more than a moment.
	if [ "${round-}" != replace ]; then
		follow_links "$path" : || no "$refusal" "$detail"
		[ "$real" = "$expected_real" ] || no linked-elsewhere "$path"
		check_links "$path" || no "$refusal" "$detail"
	fi
	folder=${real%/*} name=${real##*/}
	cd -P -- "${folder:-/}" 2>/dev/null && [ "$(pwd -P)" = "${folder:-/}" ] || no no-folder "$folder"
	live=./$name staging=$work
	[ ! -e "$work/near-$nth" ] || cd_to_near_staging
}

# Into the staging folder beside the file. It is checked from within: its name may be a link to anywhere at the next
# moment.
cd_to_near_staging() {
	read_stat "./$staging_name"
	case $mode in
		# It goes first when the run ends.
		'') staging=/dev/null live=./$name; return ;;
		d*) ;;
		*) no work-folder-occupied "$folder/$staging_name" ;;
	esac
	cd -P -- "./$staging_name" 2>/dev/null && [ "$(where_we_are)" = "$folder/$staging_name" ] ||
		no work-folder-occupied "$folder/$staging_name"
	read_stat .
	case $mode,$uid in drwx------*,"$my_uid") ;; *) no work-folder-occupied "$folder/$staging_name" ;; esac
	live=../$name staging=.
}

# By the system's own word: bash answers with the path that it believes it came by.
where_we_are() { env pwd -P 2>/dev/null || pwd -P; }

# Where file N can be made so that it can be renamed over ./$name: a second name for that is tried.
choose_staging() {
	if [ -e "$work/near-$nth" ] && [ "$staging" != /dev/null ]; then return; fi
	rm -f "$work/try-$nth"
	if ln "./$name" "$work/try-$nth" 2>/dev/null; then rm -f "$work/try-$nth"; return; fi
	make_empty "$work/near-$nth" || cannot no "$work/near-$nth"
	problem=$(mkdir -m 700 "./$staging_name" 2>&1) || [ -d "./$staging_name" ] || cannot no "$folder/$staging_name"
	cd_to_near_staging
}

sync_staging() {
	if [ "${sync_takes-}" = no ]; then sync
	else problem=$(sync "${live%/*}" "$staging" 2>&1)
	fi
}

# ---- Inspecting -------------------------------------------------------------------------------------------

# deployment_inspect PATH: all that a plan has to know of the file that a configuration names so. Of its bytes the
# first certificate, and of a private key the public one.
do_deployment_inspect() {
	real=$1 refusal= managed= renew_name= renew_folder=
	if follow_links "$1" report_link && check_links "$1"; then
		report real "$real"
		folder=${real%/*} name=${real##*/}
		if cd -P -- "${folder:-/}" && [ "$(pwd -P)" = "${folder:-/}" ]; then
			check_file
			report_deployment_file
		else refuse no-folder "$folder"
		fi
	else report real "$real"
	fi
	find_manager "$1"
	[ -z "$managed" ] || report managed "$managed" "$renew_name" "$renew_folder"
	[ -z "$refusal" ] || report refusal "$refusal" "$detail"
	find_timers
	report rollback-timer $timers
	find_store
	holder=$(readlink "$store/held-$(hash_word "$real")" 2>/dev/null) && [ -d "$store/$holder" ] && report held "$holder"
	ok seen
}

report_link() {
	report link "$1" "$2" "$3"
	find_lineage "$1"
}

report_deployment_file() {
	read_stat "./$name"
	[ -n "$mode" ] || return
	name_of "$uid"
	report file "$mode" "$links" "$uid" "$gid" "$size" "$user_name"
	report written "$(stat -c %Y "./$name" 2>/dev/null || date -r "./$name" +%s 2>/dev/null)"
	case $mode in -*) ;; *) return ;; esac
	case ${mode#??????????} in *+*) report acl ;; esac
	if has getfattr && [ -n "$(getfattr -d -m '^user\.' "./$name" 2>/dev/null)" ]; then report xattr; fi
	set -- $(ls -dZ "./$name" 2>/dev/null)
	case ${1-} in *:*:*:*) report label "$1" ;; esac
	[ "$size" -le 4194304 ] && [ -n "$hash_tool" ] || return
	hash_of "./$name"
	report hash "$hashed"
	kind_of "./$name"
	report kind $file_kind
	case $file_kind in certificate | both) report leaf "$(first_certificate "./$name")" ;; esac
	case $file_kind in key | both) report public "$(public_key_of "./$name")" ;; esac
}

# The base64 of the public key of a private one; nothing where openssl is not here, or cannot read it.
public_key_of() { openssl pkey -pubout -passin pass: <"$1" 2>/dev/null | awk '!/^-----/ { printf "%s", $0 }'; }

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
