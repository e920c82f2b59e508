# Of mounts, a line each, a line ":" and accounts: each account as SHUT:NAME:UID:GID:HOME:SHELL, in the order in which
# they are read while there is time. First root and who reads (-v me, -v login), then who may log in by their shell,
# then the others; of those of one home all together. SHUT: yes where the home lies on one of the mounts.

BEGIN { FS = ":" }
!is_begun && $0 == ":" { is_begun = 1; next }
!is_begun { if ($0 != "") shut[$0] = 1; next }
{
	rank = $2 == 0 || $1 == me || $1 == login ? 1 : $5 ~ /\/(nologin|false|true|sync|shutdown|halt)$/ ? 3 : 2
	line[++count] = $0
	if ((rank, $4) in last) after[last[rank, $4]] = count
	else first[rank, ++firsts[rank]] = count
	last[rank, $4] = count
}
END {
	for (rank = 1; rank <= 3; rank++)
		for (i = 1; i <= firsts[rank]; i++) {
			at = first[rank, i]
			split(line[at], field, ":")
			mark = is_shut(field[4]) ":"
			for (; at; at = after[at]) print mark line[at]
		}
}
function is_shut(path) {
	while (path ~ /^\//) {
		if (path in shut) return "yes"
		sub(/\/[^\/]*$/, "", path)
	}
	return "no"
}
