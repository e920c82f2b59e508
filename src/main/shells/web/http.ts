/**
 * node:http, fetched when somebody is served and never imported: an import of it loads fetch and WebSocket as well, for
 * which every command would wait 35 ms.
 */
export const getHttp = () => process.getBuiltinModule("node:http");
