# encode(text): as a value of an attribute, with %xx for every byte that is not plain. It stands in front of programs.

BEGIN {
	PLAIN = "^[A-Za-z0-9/._@+,=~-]*$"
	for (code = 1; code < 256; code++) code_of[sprintf("%c", code)] = code
}
function encode(text,   coded, c, i) {
	if (text ~ PLAIN) return text
	coded = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		coded = coded (c ~ PLAIN ? c : sprintf("%%%02x", code_of[c]))
	}
	return coded
}
