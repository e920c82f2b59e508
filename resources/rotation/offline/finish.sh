# How an offline script ends, and what its result says.

end_all() {
	stands=no
	each_file end_one
	[ -z "$private_key_path" ] || ! is_key_installed || stands=yes
	if [ -n "$why" ]; then if [ $stands = yes ]; then outcome=added; else outcome=rolled-back; fi; fi
	describe_files
	[ -z "$private_key_path" ] || [ -n "$left" ] || end_key
	if [ -n "$left" ]; then
		outcome=needs-attention
		why="$(one_line "$left") could not be rolled back ($why)"
	elif [ -n "$late" ]; then
		outcome=needs-attention
		if [ -z "$why" ]; then at_phase=finish why=$late; else why="$late ($why)"; fi
	elif [ -n "$none_left" ]; then outcome=needs-attention at_phase=$files_phase why=$none_left
	fi
	[ -z "$kept" ] || put_line "what is needed to roll it back is in $(one_line "$kept")" >&2
}

one_line() { put_line "$1" | sed '/^$/d' | tr '\n' ' ' | sed 's/ $//'; }

end_one() {
	inspect_file
	if is_left_out grant; then end_left_out; return; fi
	if [ "$seen" != "$h_before" ] && counts_as_ours; then stands=yes; fi
	case $nl$kept in *"$nl${path%/*}/.latchkey/$offline_token$nl"*)
		# What it has kept stays until somebody has inspected it; no lock does, which would keep others out meanwhile.
		send_request unlock "$path" "$offline_token"
		return
		;;
	esac
	end_folder
	[ "$status" != ok ] || return
	keep
	if may_leave_out; then
		# Nothing of it is needed any more, and no account keeps others from the end of it.
		name_reason
		unended="$unended$id $reason$nl"
		return
	fi
	case $answer in
		late-edit*) late="somebody wrote to the file while it was replaced: what they wrote is in ${answer#late-edit }" ;;
		*) reason=$why; explain; late="the files kept for a rollback could not be removed: $why" why=$reason ;;
	esac
}

# What an account writes to its own file after it was rolled back is nothing of ours, nor is what it feigns while
# others are rolled back.
counts_as_ours() { ! may_leave_out || [ $verified = yes ] || { [ $is_rolled_back = no ] && is_verified; }; }

end_folder() {
	send_request end "$path" "$offline_token"
	case $answer in armed*) disarm_all_of; send_request end "$path" "$offline_token" ;; esac
}

# Another file of the run may lie in the same folder. What an earlier try has added there is rolled back with the rest,
# or named.
end_left_out() {
	if [ -n "$why" ] && [ $verified = no ] && [ "$seen" != "$h_before" ]; then
		case $seen in "$h_added" | "$h_removed") left="$left$path$nl"; keep ;; esac
	fi
	case $nl$kept in
		*"$nl${path%/*}/.latchkey/$offline_token$nl"*) send_request unlock "$path" "$offline_token" ;;
		*) end_folder ;;
	esac
}

disarm_all_of() {
	for letter in a r; do
		send_request disarm "$path" "$id$letter" "$offline_token"
		case $answer in no-answer*) return ;; esac
	done
}

# Where the result is written, and what is needed to run the script again: no link that somebody else has laid there is
# followed, for nobody else can lay one. Into $results, with a slash at its end; empty: in the folder where it is run.
choose_folder() {
	results=
	if is_own_folder "$(pwd -P)"; then return; fi
	for folder in "${HOME-}" /root; do
		if is_own_folder "$folder"; then
			results=${folder%/}/
			put_line "others can write to $(pwd): this script writes to $results"
			return
		fi
	done
	refuse_script "others can write to $(pwd), and this user has no home folder that nobody else can write to:\
 run it in a folder where nobody else can write"
}

is_own_folder() (
	check_path "$1" && [ "$actor" = "$my_uid" ] || exit 1
	case $mode in d????w* | d???????w*) exit 1 ;; esac
)

# The result, which `latchkey import` takes (outcome added: the new lines stand, and the old ones): what stands now, a
# digest of what it says, and the host's own signature of both.
finish() {
	result=${results}latchkey-result-$offline_token.txt
	rm -f "$result.sig"
	if ! write_result 2>/dev/null; then
		put_line "$outcome; the result could not be written to ${results:-$(pwd)}:\
 run this again from a folder with free space" >&2
		exit 1
	fi
	files=$result is_result_signed=no
	[ -n "$results" ] || { folder=$(pwd) && files=${folder%/}/$result; }
	if [ -n "$sign_key" ]; then
		if ssh-keygen -Y sign -n latchkey-bundle -f "$sign_key" "$result" >/dev/null 2>&1; then
			files="$files and $files.sig" is_result_signed=yes
		else put_line "the result could not be signed with $sign_key" >&2
		fi
	fi
	put_line "$outcome; copy $files back, and give it to latchkey import"
	if [ -n "$signature" ]; then put_line "the host has signed it with its key $offline_pin"
	elif [ $is_result_signed = no ]; then
		put_line "the host has not signed it, so it counts only once a person who is known has signed it:\
 ssh-keygen -Y sign -n latchkey-bundle -f KEY $files"
	fi
}

write_result() {
	result_text=$(format_result)
	digest=$(put_line "$result_text" | $hash_tool)
	result_text="$result_text${nl}end ${digest%% *}"
	signature=
	[ -z "$host_key" ] || sign_with "$host_key" latchkey-result "$result_text" || :
	rm -f "$result.part"
	{
		put_line "$result_text"
		[ -z "$signature" ] || put_line "signed $signature"
	} >"$result.part" && $move "$result.part" "$result"
}

format_result() {
	put_line 'latchkey-result-2'
	put_line "plan $offline_plan"
	put_line "host $offline_host"
	put_line "token $offline_token"
	put_line "nonce $offline_nonce"
	put_line "began $began"
	put_line "ended $(date +%s)"
	put_line "outcome $outcome"
	put_line "phases $offline_phases"
	put_line "at ${at_phase:-none}"
	encode "$why"
	put_line "why $encoded"
	encode "$(one_line "$kept")"
	put_line "kept $encoded"
	[ -z "$private_key_path" ] || format_kept_key
	if [ -n "$private_key_path" ] && [ -n "$key_line" ]; then
		put_line "key $key_line"
		read_new_key_signature
		[ -z "$signature" ] || put_line "key-signature $signature"
	fi
	put_line "$unended" | sed -n 's/^f/unended f/p'
	put_line "$file_lines" | sed -n '/./p'
	put_line "$left_out" | sed -n 's/^f/left-out f/p'
}

# What each file is, into $file_lines, before the old private key goes: it stays where an account has made something
# else of its file since that was changed, which is left out of the last that was done then. $none_left: why, where
# nothing is left that was done.
describe_files() {
	file_lines= none_left= files_phase=grant
	case $outcome" $offline_phases " in rolled-back*) ;; *' revoke '*) files_phase=revoke ;; esac
	each_file describe_file
	[ -z "$why" ] || return
	require_left $files_phase
	none_left=$why why=
}

describe_file() {
	inspect_file
	file_lines="${file_lines}file $id ${seen:-none}$nl"
	[ -z "$left" ] || return
	case $outcome in
		committed | 'done') find_goal ;;
		rolled-back) goal=$h_before ;;
		*) return ;;
	esac
	if [ "$seen" = "$goal" ] || is_left_out $files_phase || ! may_leave_out; then return; fi
	answer=changed why_so_far=$why
	leave_or_stop $files_phase
	why=$why_so_far
}
