# Of what `nginx -V` says: the folder that its relative paths begin in.

/^configure arguments:/ {
	built = "/usr/local/nginx"
	for (i = 3; i <= NF; i++) if (index($i, "--prefix=") == 1) built = substr($i, 10)
}
END { print (built == "" ? "unknown" : built) }
