# What Latchkey's hand does about the files that servers read for a certificate: verbs for hand.sh, read after it and before
# servers.sh. A pair is the files of one certificate; all of them become the new ones, or what they were.
#
# Files of a pair come as five words each: N PATH REAL BEFORE WANTED. PATH is what the configuration names, REAL where that
# lies: links on the way stay what they are. What is made for a run is root's alone, 0700 and outside of what is served:
#
#   /var/lib/latchkey/held-HASH       link to the TOKEN whose run has the file with that path (a hash of it)
#   /var/lib/latchkey/TOKEN/ID/       the den of one pair:
#     key, request                    made here: the private key, and what asks for a certificate with it
#     real-N                          where file N lies; near-N: its den is REAL's folder/.latchkey-TOKEN-ID, for nothing can
#                                     be renamed from here to there
#     part-N                          being written; worth nothing
#     next-N.WANTED                   about to become the file, whole, if it has that hash; otherwise it was the file until now
#     held-N.BEFORE                   the very file that was replaced, with its owner, mode, attributes and label
#     revert-pair.GEN.sh              what puts held-N back and tells the servers; armed-pair.GEN while it may
#
# Where somebody else than root owns REAL's folder, root works from within its own den, which they can move but not enter.

# ---- Places -----------------------------------------------------------------------------------------------

# enter_run TOKEN ID [make]: into $work, the den of that pair, if there is one.
enter_run() {
	run=$1 id=pair
	check_words "$1" "$2"
	find_store
	work=$store/$1/$2 lair=.latchkey-$1-$2
	if [ "${3-}" = make ]; then
		problem=$(mkdir -p "${store%/*}" 2>&1; for entry in "$store" "$store/$1" "$work"; do
			mkdir -m 700 "$entry" 2>&1 || [ -d "$entry" ] || exit 1
		done) || { why_of "$problem"; no "$why" "$store"; }
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
	else store=${HOME-}/.local/state
	fi
	real_store=$(cd -P -- "$store" 2>/dev/null && pwd -P) || real_store=$store
	store=${real_store%/}/latchkey
}

# Follows every link on the way of path $1, into $real; each is told by $2 LINK GOAL UID. Who could turn one of them has to be
# root or the owner of the folder that it leads to: $way_owners, $way_open.
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

# enter_file N PATH REAL: into its folder, or its den beside it. The file is $live from there, what is made for it is in $den.
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

enter_lair() {
	mkdir -m 700 "./$lair" 2>/dev/null
	cd "./$lair" 2>/dev/null || no not-writable "$folder"
	look_at .
	case $mode,$uid in drwx------*,"$my_uid") ;; *) no work-folder-taken "$folder/$lair" ;; esac
	live=../$name den=.
}

# Where file N can be made so that it can be renamed over ./$name: a second name for that is tried.
choose_den() {
	rm -f "$work/try-$nth"
	put_line "$real" >"$work/part-$nth" && $move "$work/part-$nth" "$work/real-$nth" || { why_of ''; no "$why"; }
	if ln "./$name" "$work/try-$nth" 2>/dev/null; then rm -f "$work/try-$nth"; return; fi
	: >"$work/near-$nth" || { why_of ''; no "$why"; }
	enter_lair
}

sync_dens() {
	if [ "${sync_takes-}" = no ]; then sync
	else problem=$(sync "${live%/*}" "$den" 2>&1)
	fi
}

# ---- Looking ----------------------------------------------------------------------------------------------

# pair_look PATH: all that a plan has to know of the file that a configuration names so. None of its bytes.
do_pair_look() {
	real=$1 refusal= managed=
	if follow_links "$1" tell_link && judge_links "$1"; then
		tell real "$real"
		folder=${real%/*} name=${real##*/}
		if cd -P -- "${folder:-/}" && [ "$(pwd -P)" = "${folder:-/}" ]; then
			judge_file
			tell_pair_file
		else refuse no-folder "$folder"
		fi
		look_at "$real"
	else tell real "$real"
	fi
	find_manager "$1"
	[ -z "$managed" ] || tell managed "$managed" "$renew_by"
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
}

hash_word() { hashed=$(put_line "$1" | $hash_tool); put_line "${hashed%% *}"; }

# What a file holds, by its marks: $file_kind, and $key_first where a key stands before a certificate in it.
kind_of() {
	file_kind=other key_first=no
	marks=$(grep -a -e '^-----BEGIN .*-----' -e '^Proc-Type: 4,ENCRYPTED' "$1" 2>/dev/null | tr -d '\r')
	certificates=no
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

# Who renews the file at $1 by itself, into $managed and $renew_by.
find_manager() {
	[ -z "$managed" ] || return 0
	find_lineage "$real"
	[ -z "$managed" ] || return 0
	set +f
	for conf in /root/.acme.sh/*/*.conf /var/lib/certmonger/requests/*; do
		[ -f "$conf" ] || continue
		grep -qF -e "Path='$1'" -e "_file=$1" "$conf" 2>/dev/null || continue
		case $conf in
			/root/*) managed=acme.sh renew_by="acme.sh --renew --force --domain ${conf##*/}" renew_by=${renew_by%.conf} ;;
			*) managed=certmonger renew_by="getcert resubmit -f $1" ;;
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
			managed=certbot renew_by="certbot renew --force-renewal --cert-name $lineage"
			[ "$base" = /etc/letsencrypt ] || renew_by="$renew_by --config-dir $base"
			;;
		*/dehydrated/certs/"$lineage"/*) managed=dehydrated renew_by="dehydrated --cron --force --domain $lineage" ;;
		*/caddy/certificates/*) managed=caddy renew_by= ;;
		*/..data/*) managed=kubernetes renew_by= ;;
		*/.lego/certificates/* | */lego/certificates/*) managed=lego renew_by= ;;
	esac
}

# ---- The key ----------------------------------------------------------------------------------------------

# pair_make TOKEN ID KIND NAMES: a key, and what asks for a certificate for these names (DNS:name, IP:address) with it. Said again it is the same.
do_pair_make() {
	has openssl || no no-tool openssl
	enter_run "$1" "$2" make
	size=0
	if is_full; then no no-space "$store"; fi
	if [ ! -s request ]; then
		make_key "$3"
		make_request $4
	fi
	send_data csr <request
	ok made
}

make_key() {
	case $1 in
		p256 | p384) set -- -algorithm EC -pkeyopt "ec_paramgen_curve:P-${1#p}" -pkeyopt ec_param_enc:named_curve ;;
		rsa-*) set -- -algorithm RSA -pkeyopt "rsa_keygen_bits:${1#rsa-}" ;;
		ed25519) set -- -algorithm ED25519 ;;
		*) no odd-words "$1" ;;
	esac
	[ ! -s key ] || return 0
	problem=$(openssl genpkey "$@" -out part-key 2>&1 >/dev/null) || make_failed
	sync_file part-key && $move part-key key || make_failed
	sync_folder
}

make_request() {
	for word do
		case $word in DNS:*[!A-Za-z0-9*._-]* | IP:*[!0-9a-fA-F.:]*) no odd-words "$word" ;; DNS:* | IP:*) ;; *) no odd-words "$word" ;; esac
	done
	common=${1#*:} at=0
	[ ${#common} -le 64 ] || common=
	{
		put_line '[req]'
		put_line 'prompt=no'
		put_line 'distinguished_name=dn'
		put_line 'req_extensions=ext'
		put_line '[dn]'
		[ -z "$common" ] || put_line "CN=$common"
		put_line '[ext]'
		put_line 'subjectAltName=@names'
		put_line '[names]'
		for word do
			at=$((at + 1))
			put_line "${word%%:*}.$at=${word#*:}"
		done
	} >part-names || { why_of ''; no "$why"; }
	set -- req -new -sha256 -key key -config part-names -outform DER -out part-request
	[ -n "$common" ] || set -- "$@" -subj /
	problem=$(openssl "$@" 2>&1 >/dev/null) && sync_file part-request && $move part-request request || make_failed
	rm -f part-names
	sync_folder
}

make_failed() {
	why_of "$problem"
	rm -f part-key part-names part-request
	[ $why != io-error ] || why=keygen
	no "$why" "$problem"
}

# ---- Staging ----------------------------------------------------------------------------------------------

# pair_stage TOKEN ID N PATH REAL BEFORE HOLDS made|given|kept BYTES KEY: file N as it will be, with all that the one in use has
# beside its bytes. The key is the one that was made here, KEY, or the one that is there.
do_pair_stage() {
	enter_run "$1" "$2" make
	shift 2
	before=$4 holds=$5 from=$6
	check_words "$before"
	enter_file "$1" "$2" "$3"
	managed=
	find_manager "$path"
	[ -z "$managed" ] || no managed "$managed"
	take_pair_lock
	rm -f "$work/try-$nth"
	settle_file
	hash_of "$live"
	if [ "$hashed" != "$before" ]; then
		IFS= read -r wanted <"$work/wanted-$nth" || wanted=
		[ "$hashed" = "$wanted" ] || no changed "$path" "$hashed"
		ok staged "$wanted"
	fi
	judge_live
	[ "$from" != made ] || case $holds in key*) [ -s "$work/key" ] || no no-key "$path" ;; esac
	[ -e "$work/near-$nth" ] || choose_den
	stage_file "$7" "$8"
	ok staged "$wanted"
}

# What can be replaced, and holds what it is said to.
judge_live() {
	cd "${live%/*}" || no no-folder "$folder"
	judge_file || no "$refusal" "$detail"
	kind_of "./$name"
	case $holds,$file_kind in
		chain,certificate | leaf,certificate | intermediates,certificate | key,key | key+chain,both | pkcs12,pkcs12 | jks,jks) ;;
		*) no other-kind "$path" "$file_kind" ;;
	esac
	[ "$den" = "$work" ] || cd "./$lair"
}

stage_file() {
	look_at "$live"
	kind=$mode,$uid,$gid
	attributes_of "$live"
	had=$attributes part=$den/part-$nth
	copy_whole "$live" "$part" || { why_of "$problem"; no "$why" "$problem"; }
	open_part
	problem=$(put_pair "$1" "$2" 2>&1 >"$part") || { why_of "$problem"; no "$why" "$problem"; }
	close_part
	attributes_of "$part"
	look_at "$part"
	[ "$had" = "$attributes" ] && [ "$kind" = "$mode,$uid,$gid" ] || no attributes "$path"
	hash_of "$part"
	wanted=$hashed
	set +f
	rm -f "$den/next-$nth".*
	set -f
	problem=$($move "$part" "$den/next-$nth.$wanted" 2>&1) || { why_of "$problem"; no "$why" "$problem"; }
	part=$work/part-$nth
	put_line "$wanted" >"$part" && sync_file "$part" && $move "$part" "$work/wanted-$nth" || { why_of ''; no "$why"; }
	part=
	sync_dens || { why_of "$problem"; no "$why" "$problem"; }
}

put_pair() {
	case $holds in
		key) put_key "$2" ;;
		key+chain)
			if [ $key_first = yes ]; then put_key "$2" && put_bytes "$1"
			else put_bytes "$1" && put_key "$2"
			fi && put_blocks 'DH PARAMETERS' <"$live"
			;;
		*) put_bytes "$1" ;;
	esac
}

put_key() {
	case $from in
		made) cat "$work/key" ;;
		given) put_bytes "$1" ;;
		kept) put_blocks 'PRIVATE KEY' <"$live" ;;
	esac
}

put_blocks() { awk -v mark="$1-----" '/^-----BEGIN / && index($0, mark) { on = 1 } on { print } /^-----END / { on = 0 }'; }

# The file is this run's alone; a run whose folder is gone has nothing any more.
take_pair_lock() {
	lock=$store/held-$(hash_word "$real")
	tries=0
	until problem=$(ln -sn "$run" "$lock" 2>&1); do
		holder=$(readlink "$lock" 2>/dev/null) || holder=
		[ "$holder" != "$run" ] || return 0
		[ -z "$holder" ] || [ ! -d "$store/$holder" ] || no pair-held "$holder"
		[ -z "$holder" ] || rm -f "$lock"
		tries=$((tries + 1))
		[ $tries -lt 20 ] || { why_of "$problem"; no "$why" "$problem"; }
	done
}

# ---- Changing ---------------------------------------------------------------------------------------------

# What a turn has left that was ended half-way: each gets the name of what it is.
settle_file() {
	rm -f "$den/part-$nth"
	set +f
	for entry in "$den/next-$nth".* "$den/held-$nth".*; do
		[ -e "$entry" ] || continue
		if [ "$entry" -ef "$live" ]; then rm -f "$entry"; continue; fi
		hash_of "$entry"
		[ "$hashed" != "${entry##*.}" ] || continue
		case $hashed in
			"$before") $move "$entry" "$den/held-$nth.$before" ;;
			"${after-}") $move "$entry" "$den/next-$nth.$after" ;;
			*) set -f; no late-edit "$folder/$name" ;;
		esac
	done
	set -f
}

# Goes by all files first; then by all once more, doing.
#   turn_all swap|back FILES...
turn_all() {
	how=$1 undone=0
	shift
	for round in judge turn; do
		for_files turn_one "$@"
	done
	[ $undone -gt 0 ]
}

for_files() {
	each=$1
	shift
	while [ $# -ge 5 ]; do
		$each "$1" "$2" "$3" "$4" "$5"
		shift 5
	done
}

turn_one() {
	before=$4 after=$5
	check_words "$before" "$after"
	enter_file "$1" "$2" "$3"
	[ $round = turn ] || settle_file
	case $how in
		swap) old=$before new=$after in=$den/next-$nth.$after out=$den/held-$nth.$before ;;
		back) old=$after new=$before in=$den/held-$nth.$before out=$den/next-$nth.$after ;;
	esac
	hash_of "$live"
	[ "$hashed" != "$new" ] || return 0
	[ "$hashed" = "$old" ] || turn_changed "$hashed"
	hash_of "$in"
	[ "$hashed" = "$new" ] || no not-staged "$path"
	if [ $how = swap ]; then
		look_at "$live"
		kind=$mode,$uid,$gid
		look_at "$in"
		[ "$kind" = "$mode,$uid,$gid" ] || turn_changed "$old"
	fi
	if [ $round = turn ]; then turn_file; fi
	undone=$((undone + 1))
}

# In the first round nothing was changed yet.
turn_changed() {
	if [ $round = judge ]; then no changed "$path" "$1"; else fail changed "$path" "$1"; fi
}

# $in becomes the file, and what was that becomes $out.
turn_file() {
	if [ -n "$exchange" ] && $exchange "$in" "$live" 2>/dev/null; then
		problem=$($move "$in" "$out" 2>&1) || out=$in
	else
		rm -f "$out"
		ln "$live" "$out" 2>/dev/null || copy_whole "$live" "$out"
		problem=$($move "$in" "$live" 2>&1) || { why_of "$problem"; rm -f "$out"; fail "$why" "$problem"; }
	fi
	hash_of "$out"
	if [ -n "$hashed" ] && [ "$hashed" != "$old" ]; then
		# Somebody wrote at the same moment: theirs is the file again.
		theirs=$hashed
		$move "$out" "$live" 2>/dev/null || fail late-edit "$path"
		sync_dens
		turn_changed "$theirs"
	fi
	sync_dens || { why_of "$problem"; fail "$why" "$problem"; }
	hash_of "$live"
	[ "$hashed" = "$new" ] || fail not-there "$path"
}

# pair_swap TOKEN ID FILES...
do_pair_swap() {
	enter_run "$1" "$2"
	shift 2
	if turn_all swap "$@"; then ok swapped; else ok already; fi
}

# pair_back TOKEN ID FILES...
do_pair_back() {
	enter_run "$1" "$2"
	shift 2
	if turn_all back "$@"; then ok back; else ok already; fi
}

# pair_end TOKEN ID: nothing but the files in use is left.
do_pair_end() {
	check_words "$1" "$2"
	find_store
	look_at "$store/$1/$2"
	[ -n "$mode" ] || { rmdir "$store/$1" 2>/dev/null; ok ended; }
	enter_run "$1" "$2"
	set +f
	for entry in armed-*; do [ ! -e "$entry" ] || no armed "$entry"; done
	for entry in real-*; do
		[ -e "$entry" ] || continue
		IFS= read -r real <"$entry" || continue
		end_file "${entry#real-}"
		cd "$work" || fail io-error
	done
	set -f
	problem=$(cd / && rm -rf "$work" 2>&1)
	is_gone "$work" || fail "$why" "$problem"
	rmdir "$store/$run" "$store" 2>/dev/null
	ok ended
}

end_file() {
	nth=$1 folder=${real%/*} name=${real##*/} path=$real refusal=
	if [ -e "near-$nth" ] && judge_way "${folder:-/}" && cd -P -- "${folder:-/}" 2>/dev/null && [ -d "./$lair" ]; then
		enter_lair
		problem=$(rm -f ./* 2>&1)
		cd ..
		problem=$problem$(rmdir "./$lair" 2>&1)
		is_gone "./$lair" || fail "$why" "$problem"
		sync_folder
	fi
	lock=$store/held-$(hash_word "$real")
	if [ "$(readlink "$lock" 2>/dev/null)" = "$run" ]; then rm -f "$lock"; fi
}

# ---- The dead man's hand ----------------------------------------------------------------------------------

# pair_arm TOKEN ID WAY SECONDS COUNT SERVERS... FILES...: unless disarmed in so many seconds, files that were swapped are back
# by then, and these servers (four words each) were told. The library that we are is what does it.
do_pair_arm() {
	enter_run "$1" "$2"
	token=$1 pair=$2 way=$3 seconds=$4
	check_words "$seconds" "$5"
	[ -n "${hand_library-}" ] || no no-library
	folder=$work work=.
	disarm_all
	set +f
	rm -f fired-pair.*
	set -f
	gen=$(date +%s)x$$
	revert=revert-pair.$gen.sh part=part-revert
	shift 4
	words=
	for word do
		quote "$word"
		words="$words $quoted"
	done
	quote "$folder"
	problem=$({
		put_line "$hand_library"
		put_line "hand_prepare; nonce=- seq=0 by_root=no; cd $quoted || exit; pair_fire $token $pair $gen$words"
	} 2>&1 >"$part") && sync_file "$part" && $move "$part" "$revert" || { why_of "$problem"; no "$why"; }
	part=
	put_line "$way" >"armed-pair.$gen" || no no-space
	case $way in
		sleep) { has setsid || has nohup; } && start_sleep ;;
		at) start_at ;;
		systemd-run)
			problem=$(systemd-run --quiet --on-active="$seconds" --timer-property=AccuracySec=1s \
				--unit="latchkey-$token-$pair-$gen" /bin/sh "$folder/$revert" 2>&1)
			;;
		*) rm -f "armed-pair.$gen"; no odd-words ;;
	esac || { rm -f "armed-pair.$gen"; no no-dead-man "$way"; }
	sync_folder
	ok armed
}

# pair_disarm TOKEN ID
do_pair_disarm() {
	check_words "$1" "$2"
	find_store
	look_at "$store/$1/$2"
	[ -n "$mode" ] || ok disarmed
	enter_run "$1" "$2"
	pair=$2 work=.
	disarm_all
	set -- $disarmed
	while [ $# -ge 2 ]; do
		[ "$1" != systemd-run ] || systemctl stop "latchkey-$run-$pair-$2.timer" >/dev/null 2>&1
		shift 2
	done
	set +f
	for entry in fired-pair.*; do [ ! -e "$entry" ] || { rm -f "$entry"; no fired; }; done
	set -f
	ok disarmed
}

# pair_fire TOKEN ID GEN COUNT SERVERS... FILES...: whoever takes armed-pair away first, decides.
pair_fire() {
	mv "armed-pair.$3" "fired-pair.$3" || exit
	token=$1 pair=$2 told=$4 at=0
	shift 4
	files_of "$told" "$@"
	eval "(do_pair_back $token $pair $files)"
	while [ $at -lt "$told" ]; do
		quote "$1"; consumer=$quoted
		for word in "$2" "$3" "$4"; do quote "$word"; consumer="$consumer $quoted"; done
		eval "(do_pair_reload $consumer $files)"
		shift 4
		at=$((at + 1))
	done
} >/dev/null 2>&1

# What is behind the words of $1 servers, as words of the shell: $files.
files_of() {
	skip=$(($1 * 4)) files=
	shift
	while [ $skip -gt 0 ]; do shift; skip=$((skip - 1)); done
	for word do
		quote "$word"
		files="$files $quoted"
	done
}
