# Of accounts (the first file) and /proc/mounts: each mount that another machine or a program serves, and the path
# that is asked for it, a line each; instead of that, "closed" or "silent" where the program is another user's, who
# has it all to themselves, or lets others in. -v me: the number of whoever asks.

NR == FNR {
	split($0, field, ":")
	path = field[4]
	if (path !~ /^\//) next
	homes[path] = 1
	# The first home at a path or below it.
	while (path != "" && !(path in first)) { first[path] = field[4]; path = above(path) }
	next
}
$3 ~ /^(nfs4?|cifs|smb3|smbfs|9p|autofs|ceph|afs|lustre|glusterfs|fuseblk|fuse([.].*)?)$/ && $2 != "/" {
	path = plain($2)
	if (path == "") next
	whose = match($4, /user_id=[0-9]+/) ? substr($4, RSTART + 8, RLENGTH - 8) : 0
	if (whose != 0 && whose != me) print path "\n" ($4 ~ /(^|,)allow_other(,|$)/ ? "silent" : "closed")
	else if (path in first) print path "\n" first[path]
	else if ($3 != "autofs") print path "\n" path
}
function above(path) { sub(/\/[^\/]*$/, "", path); return path }
# A path as it is. One of several lines stands for the folder of a home that it lies in; elsewhere nobody looks for it.
function plain(text,   path, at, code) {
	path = ""
	while (at = index(text, "\\")) {
		code = substr(text, at + 1, 3)
		path = path substr(text, 1, at - 1)
		text = substr(text, at + 4)
		if (code == "012") {
			text = path = above(path)
			while (text != "" && !(text in homes)) text = above(text)
			return text == "" ? "" : path
		}
		path = path (code == "040" ? " " : code == "011" ? "\t" : "\\")
	}
	return path text
}
