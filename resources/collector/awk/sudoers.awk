# "file PATH" and "folder PATH" of what a file of sudoers includes. -v own (its path), host (this host's name).

BEGIN { sub(/\..*/, "", host); sub(/[^\/]*$/, "", own) }
/^[ \t]*[@#]include(dir)?[ \t]/ {
	kind = $1 ~ /dir$/ ? "folder" : "file"
	sub(/^[ \t]*[@#]include(dir)?[ \t]+/, "")
	path = ""
	quoted = 0
	while ($0 != "") {
		c = substr($0, 1, 1); $0 = substr($0, 2)
		if (c == "\\") { path = path substr($0, 1, 1); $0 = substr($0, 2) }
		else if (c == "\"") quoted = !quoted
		else if (!quoted && (c == " " || c == "\t" || c == "\r")) break
		else path = path c
	}
	while (i = index(path, "%h")) path = substr(path, 1, i - 1) host substr(path, i + 2)
	print kind " " (path ~ /^\// ? path : own path)
}
