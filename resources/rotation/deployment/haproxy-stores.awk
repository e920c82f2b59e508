# Names and files of what the stores of a configuration of HAProxy load, one a line.

$1 ~ /^(global|defaults|frontend|backend|listen|crt-store|peers|resolvers|cache|userlist)$/ {
	store = "@" $2
	in_store = $1 == "crt-store"
	base = ""
}
in_store && $1 == "crt-base" { base = $2 "/" }
in_store && $1 == "load" {
	crt = alias = ""
	for (at = 2; at < NF; at += 2) {
		if ($at == "crt") crt = $(at + 1)
		if ($at == "alias") alias = $(at + 1)
	}
	path = crt ~ /^\// ? crt : base crt
	print store "/" (alias == "" ? crt : alias), path
}
