/** The list is large, and few commands ask for it: it is read when it is first asked for, and not when the program starts. */
module.exports = () => require("tldts");
