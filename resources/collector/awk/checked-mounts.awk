# Of accounts (the first file) and /proc/mounts: each mount that another machine or a program serves, and the path
# that is asked for it, a line each.

NR == FNR { split($0, field, ":"); home[++homes] = field[4]; next }
$3 ~ /^(nfs4?|cifs|smb3|smbfs|9p|autofs|ceph|afs|lustre|glusterfs|fuse([.].*)?)$/ && $2 != "/" {
	while (i = index($2, "\\040")) $2 = substr($2, 1, i - 1) " " substr($2, i + 4)
	asked = $3 == "autofs" ? "" : $2
	for (i = 1; i <= homes; i++) if (index(home[i] "/", $2 "/") == 1) { asked = home[i]; break }
	if (asked != "" && many++ < 64) print $2 "\n" asked
}
