# A new key on the host, and the files of a deployment as they will be.

# ---- The key ----------------------------------------------------------------------------------------------

# deployment_request TOKEN ID KIND NAMES [clients]: a key, and what asks for a certificate for these names (DNS:name,
# IP:address) with it, for TLS clients as well as servers where that is said. Said again it is the same.
do_deployment_request() {
	has openssl || no no-tool openssl
	cd_to_run "$1" "$2" make
	size=0
	if is_full; then no_room no "$work"; fi
	if [ ! -s request ]; then
		make_key "$3"
		clients=${5-}
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
		case $word in
			DNS:*[!A-Za-z0-9*._-]* | IP:*[!0-9a-fA-F.:]*) no odd-words "$word" ;;
			DNS:* | IP:*) ;;
			*) no odd-words "$word" ;;
		esac
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
		[ "$clients" != clients ] || put_line 'extendedKeyUsage=serverAuth,clientAuth'
		put_line '[names]'
		for word do
			at=$((at + 1))
			put_line "${word%%:*}.$at=${word#*:}"
		done
	} >part-names || { problem=; cannot no "$work/part-names"; }
	set -- req -new -sha256 -key key -config part-names -outform DER -out part-request
	[ -n "$common" ] || set -- "$@" -subj /
	problem=$(openssl "$@" 2>&1 >/dev/null) && sync_file part-request && $move part-request request || make_failed
	rm -f part-names
	sync_folder
}

make_failed() {
	why_of "$problem"
	rm -f part-key part-names part-request
	[ $why = io-error ] || cannot no "$work/part-key"
	no keygen "$problem"
}

# ---- Staging ----------------------------------------------------------------------------------------------

# deployment_stage TOKEN ID N PATH REAL BEFORE HOLDS made|given|kept BYTES KEY: file N as it will be, with all that the
# one in use has beside its bytes. The key is the one that was made here, KEY, or the one that is there.
do_deployment_stage() {
	cd_to_run "$1" "$2" make
	shift 2
	holds=$5 from=$6
	begin_staging "$1" "$2" "$3" "$4"
	[ "$from" != made ] || case $holds in key*) [ -s "$work/key" ] || no no-key "$path" ;; esac
	choose_staging
	stage_file "$7" "$8"
	ok staged "$new_hash"
}

# begin_staging N PATH REAL BEFORE: with the mutex, at the file that is to be replaced, which is still what it was. One
# that is the new one already needs nothing more.
begin_staging() {
	before=$4
	check_words "$before"
	cd_to_file "$1" "$2" "$3"
	managed=
	find_manager "$path"
	[ -z "$managed" ] || no managed "$managed"
	# Whoever ends it finds by this what else there is.
	problem=$({ put_line "$real" >"$work/part-$nth" && $move "$work/part-$nth" "$work/real-$nth"; } 2>&1) ||
		cannot no "$work/part-$nth"
	lock_file
	acquire_mutex 20
	rm -f "$work/try-$nth"
	IFS= read -r after <"$work/new-hash-$nth" || after=
	new_hash=$after
	settle_file
	hash_of "$live"
	if [ "$hashed" != "$before" ]; then
		[ "$hashed" = "$new_hash" ] || no changed "$path" "$hashed"
		ok staged "$new_hash"
	fi
	check_live
}

# What can be replaced, and holds what it is said to.
check_live() {
	cd -P -- "${live%/*}" || no no-folder "$folder"
	check_file || no "$refusal" "$detail"
	check_kind "./$name"
	[ "$staging" != . ] || cd_to_near_staging
}

check_kind() {
	kind_of "$1"
	case $holds,$file_kind in
		chain,certificate | leaf,certificate | intermediates,certificate | key,key | key+chain,both) ;;
		pkcs12,pkcs12 | jks,jks) ;;
		*) no other-kind "$path" "$file_kind" ;;
	esac
}

stage_file() {
	read_stat "$live"
	kind=$mode,$uid,$gid
	attributes_of "$live"
	had=$attributes part=$staging/part-$nth staging_path=$staging
	[ "$staging" != . ] || staging_path=$folder/$staging_name
	copy_whole "$live" "$part" || cannot no "$staging_path/part-$nth"
	read_copy
	open_part
	problem=$(put_deployment_file "$1" "$2" 2>&1 >"$part") || cannot no "$staging_path/part-$nth"
	close_part
	attributes_of "$part"
	read_stat "$part"
	[ "$had" = "$attributes" ] && [ "$kind" = "$mode,$uid,$gid" ] || no attributes "$path"
	hash_of "$part"
	new_hash=$hashed
	set +f
	rm -f "$staging/next-$nth".*
	set -f
	problem=$($move "$part" "$staging/next-$nth.$new_hash" 2>&1) || cannot no "$staging_path/next-$nth.$new_hash"
	part=$work/part-$nth
	problem=$({ put_line "$new_hash" >"$part" && sync_file "$part" && $move "$part" "$work/new-hash-$nth"; } 2>&1) ||
		cannot no "$part"
	part=
	sync_staging || cannot no "$staging_path/next-$nth.$new_hash"
}

# Whoever owns the folder may have had another file copied than the one that was checked.
read_copy() {
	hash_of "$part"
	[ "$hashed" = "$before" ] || no changed "$path" "$hashed"
	case $holds in key*) ;; *) return ;; esac
	check_kind "$part"
	kept_key=$(put_blocks 'PRIVATE KEY' <"$part") kept_parameters=$(put_blocks 'DH PARAMETERS' <"$part")
}

put_deployment_file() {
	case $holds in
		key) put_key "$2" ;;
		key+chain)
			if [ $key_first = yes ]; then put_key "$2" && put_bytes "$1"
			else put_bytes "$1" && put_key "$2"
			fi && put_kept "$kept_parameters"
			;;
		*) put_bytes "$1" ;;
	esac
}

put_key() {
	case $from in
		made) cat "$work/key" ;;
		given) put_bytes "$1" ;;
		kept) put_kept "$kept_key" ;;
	esac
}

put_kept() { [ -z "$1" ] || put_line "$1"; }

put_blocks() { awk -v mark="$1-----" "$pem_blocks_awk"; }

# The file is this run's alone; a run whose folder is gone has nothing any more.
lock_file() {
	find_mutex || make_empty "$work/mutex-free" || cannot no "$work/mutex-free"
	lock=$store/held-$(hash_word "$real")
	tries=0
	until problem=$(ln -sn "$run" "$lock" 2>&1); do
		holder=$(readlink "$lock" 2>/dev/null) || holder=
		[ "$holder" != "$run" ] || return 0
		[ -z "$holder" ] || [ ! -d "$store/$holder" ] || no deployment-locked "$holder"
		[ -z "$holder" ] || drop_dead_lock
		tries=$((tries + 1))
		[ $tries -lt 20 ] || cannot no "$lock"
	done
}

# What another has put in the place of the dead one's meanwhile is put back.
drop_dead_lock() {
	rm -f "$work/dead-lock"
	$move "$lock" "$work/dead-lock" 2>/dev/null || return
	seized=$(readlink "$work/dead-lock")
	[ "$seized" = "$holder" ] || ln -sn "$seized" "$lock" 2>/dev/null
}

# ---- Who replaces files -----------------------------------------------------------------------------------

# acquire_mutex SECONDS: nobody else replaces files of this deployment until this request ends. The file for that is
# made when files are staged, for going back needs no room on the disk. A process that is gone holds nothing.
acquire_mutex() {
	tries=$(($1 * 10))
	started_at self || started=$$-0
	mine=$work/mutex-$started
	trap release_mutex EXIT
	while find_mutex && [ "$mutex" != "$mine" ]; do
		has_ended "${mutex##*/mutex-}" && $move "$mutex" "$mine" 2>/dev/null && return
		[ $tries -gt 0 ] || no firing
		if sleep 0.1 2>/dev/null; then tries=$((tries - 1)); else sleep 1; tries=$((tries - 10)); fi
	done
}

release_mutex() { $move "$mine" "${mine%/*}/mutex-free" 2>/dev/null; }

find_mutex() {
	mutex=
	set +f
	for entry in "$work"/mutex-*; do [ ! -e "$entry" ] || mutex=$entry; done
	set -f
	[ -n "$mutex" ]
}

has_ended() {
	[ "$1" != free ] || return 0
	started_at "${1%-*}" || return 0
	[ "$started" != "$1" ]
}

# PID-TIME of process $1, or of this one (self), into $started: a number may be somebody else's by now.
started_at() {
	started=
	if [ ! -e /proc/self/stat ]; then
		started=$1-0
		[ "$1" != self ] && kill -0 "$1" 2>/dev/null
		return
	fi
	IFS= read -r line 2>/dev/null <"/proc/$1/stat" || return 1
	number=${line%% *}
	set -- ${line##*\) }
	case $1 in Z | X) return 1 ;; esac
	started=$number-${20}
}
