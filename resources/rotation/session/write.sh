# How a file becomes another one: over expected bytes, by rename.

find_sync() { if sync "$1" 2>/dev/null; then sync_takes=yes; else sync_takes=no; fi; }

sync_file() {
	if [ "${sync_takes-}" = yes ]; then problem=$(sync "$1" 2>&1)
	elif [ -w "$1" ]; then problem=$(dd if=/dev/null of="$1" conv=fsync,notrunc 2>&1)
	else sync
	fi
}

sync_folder() {
	if [ "${sync_takes-}" = no ]; then sync
	else problem=$(sync . 2>&1)
	fi
}

# Ends a request whose rename has been made, maybe by an earlier one that came no further.
flushed() {
	sync_folder || { why_of "$problem"; fail "$why" "$problem"; }
	ok "$1"
}

# Copies bytes, owner, mode, access list, attributes and label, as far as this system can.
copy_whole() {
	rm -f "$2"
	$copy "$1" "$2" 2>/dev/null && return
	rm -f "$2"
	problem=$(cp -p "$1" "$2" 2>&1)
}

# write PATH ID TOKEN BEFORE EXPECTED AFTER [AT REMOVED BYTES]...
# The file has one of the hashes EXPECTED (with commas between) and gets AFTER: what the run has found there (BEFORE),
# with so many bytes removed at AT and BYTES in their place.
do_write() {
	cd_as_owner "$1"
	id=$2 run=$3 before=$4 expected=,$5, new_hash=$6
	check_words "$id" "$run" "$before" "$new_hash"
	shift 6
	need_lock
	find_sync "$work"
	hash_of "./$name"
	now=$hashed
	settle
	check_file || no "$refusal" "$detail"
	kind=$mode,$uid,$gid
	[ "$now" != "$new_hash" ] || flushed already
	case $expected in *,"$now",*) ;; *) no changed "$now" ;; esac
	attributes_of "./$name"
	had=$attributes
	keep_before
	part=$work/part-$id
	build "$@"
	attributes_of "$part"
	read_stat "$part"
	if [ "$had" != "$attributes" ] || [ "$kind" != "$mode,$uid,$gid" ]; then no attributes; fi
	next=$work/next-$id.$new_hash
	problem=$($move "$part" "$next" 2>&1) || { why_of "$problem"; fail "$why" "$problem"; }
	part=
	swap
}

# foresee PATH [AT REMOVED BYTES]...: the hash of what these pieces would make of the file; nothing is written.
do_foresee() {
	cd_as_owner "$1"
	shift
	check_file || no "$refusal" "$detail"
	kept=./$name
	hashed=$(put_pieces "$@" | $hash_tool)
	report hash "${hashed%% *}"
	ok
}

# What an earlier try of this run has left, if it was ended half-way.
settle() {
	rm -f "$work/part-$id" "$work/before-part-$id"
	set +f
	for next in "$work/next-$id".*; do
		[ -e "$next" ] || continue
		hash_of "$next"
		if [ "$hashed" = "${next##*.}" ]; then rm -f "$next"; continue; fi
		case ,$before$expected$new_hash, in
			*,"$hashed",*) $move "$next" "$work/held-$id.$hashed" 2>/dev/null ;;
			*) restore_late_edit "$next" "${next##*.}" ;;
		esac
	done
	for held in "$work/held-$id".*; do
		[ -e "$held" ] || continue
		if [ "$held" -ef "./$name" ]; then rm -f "$held"; continue; fi
		hash_of "$held"
		[ "$hashed" = "${held##*.}" ] || no late-edit "$folder/$held"
	done
	set -f
}

# Somebody wrote while their file was replaced by what has the hash $2, and $1 is what they wrote: it is the file
# again.
restore_late_edit() {
	hash_of "$1"
	theirs=$hashed
	hash_of "./$name"
	[ "$hashed" = "$2" ] || fail late-edit "$folder/$1"
	problem=$($move "$1" "./$name" 2>&1) || fail late-edit "$folder/$1"
	sync_folder
	no changed "$theirs"
}

keep_before() {
	kept=$work/before-$id
	if [ -f "$kept" ]; then
		hash_of "$kept"
		[ "$hashed" = "$before" ] || no no-before
		return
	fi
	[ "$now" = "$before" ] || no no-before
	part=$work/before-part-$id
	copy_whole "./$name" "$part" || { why_of "$problem"; no "$why" "$problem"; }
	sync_file "$part" || { why_of "$problem"; no "$why" "$problem"; }
	hash_of "$part"
	[ "$hashed" = "$before" ] || no changed "$hashed"
	problem=$($move "$part" "$kept" 2>&1) || { why_of "$problem"; no "$why" "$problem"; }
	part=
}

build() {
	copy_whole "./$name" "$part" || { why_of "$problem"; no "$why" "$problem"; }
	open_part
	problem=$(put_pieces "$@" 2>&1 >"$part") || { why_of "$problem"; no "$why" "$problem"; }
	close_part
	hash_of "$part"
	if [ "$hashed" != "$new_hash" ]; then
		why_of ''
		[ $why = no-space ] || why=bad-bytes
		no $why "$hashed"
	fi
}

# Its owner may write to $part, also where the file is for reading only.
open_part() { if [ -w "$part" ]; then lifted=; else lifted=yes; chmod u+w "$part"; fi; }

close_part() {
	sync_file "$part" || { why_of "$problem"; no "$why" "$problem"; }
	[ -z "$lifted" ] || chmod u-w "$part" && sync_file "$part" || { why_of "$problem"; no "$why" "$problem"; }
}

put_pieces() {
	from=0
	while [ $# -ge 3 ]; do
		put_piece $(($1 - from)) || return 1
		put_bytes "$3" || return 1
		from=$(($1 + $2))
		shift 3
	done
	tail -c +$((from + 1)) <"$kept"
}

put_piece() {
	if [ "$1" -gt 0 ]; then tail -c +$((from + 1)) <"$kept" | head -c "$1"; fi
}

# The moment itself. The file that was there stays beside, as held-ID: what is in it when all is done shows whether
# somebody has written in between.
swap() {
	held=$work/held-$id.$now
	read_stat "./$name"
	[ "$kind" = "$mode,$uid,$gid" ] || { rm -f "$next"; no changed; }
	hash_of "./$name"
	[ "$hashed" = "$now" ] || { rm -f "$next"; no changed "$hashed"; }
	if [ -n "$exchange" ] && $exchange "$next" "./$name" 2>/dev/null; then
		problem=$($move "$next" "$held" 2>&1) || held=$next
	else
		rm -f "$held"
		ln "./$name" "$held" 2>/dev/null || copy_whole "./$name" "$held"
		problem=$($move "$next" "./$name" 2>&1) || { why_of "$problem"; rm -f "$next" "$held"; fail "$why" "$problem"; }
	fi
	read_stat "$held"
	case $mode in -*) ;; *) restore_late_edit "$held" "$new_hash" ;; esac
	hash_of "$held"
	[ "$hashed" = "$now" ] || restore_late_edit "$held" "$new_hash"
	sync_folder || { why_of "$problem"; fail "$why" "$problem"; }
	hash_of "./$name"
	[ "$hashed" = "$new_hash" ] || fail not-there "$hashed"
	ok written
}
