# The blocks of a PEM file that begin with a line which has `mark` in it.

/^-----BEGIN / && index($0, mark) { on = 1 }
on { print }
/^-----END / { on = 0 }
