# Reads files for the program behind it, which has begin_file(PATH), read_line(LINE) and end_file(WHY): of a file that
# was read whole WHY is empty. Standard input is what ls -ldnL says of them, whose names have no spaces; or the content
# of one, whose encoded path the environment has as file_as. Needs encode.awk. -v most (bytes of a file).

BEGIN {
	is_given = ("file_as" in ENVIRON) && ENVIRON["file_as"] != ""
	if (is_given) { file_left = most; begin_file(ENVIRON["file_as"]) }
}
is_given {
	file_left -= length($0) + 1
	if (file_left >= 0) read_line($0)
	next
}
/^-/ { read_listed($9, $5) }
END { if (is_given) end_file(file_left < 0 ? "too-large" : "") }

# The size is asked before, for one line may be all of a file.
function read_listed(path, size,   got, line) {
	begin_file(encode(path))
	if (size > 64 * most) { end_file("too-large"); return }
	file_left = most
	got = (getline line < path)
	if (got < 0) { end_file("not-permitted"); return }
	while (got > 0) {
		file_left -= length(line) + 1
		if (file_left < 0) break
		read_line(line)
		got = (getline line < path)
	}
	close(path)
	end_file(file_left < 0 ? "too-large" : "")
}
