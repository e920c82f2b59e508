import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { parseSync } from "vite";

/**
 * One production file: all that is shipped, so without tests, `testing/` and `testdata/`.
 *
 * @typedef {object} Source
 * @property {string} file from the project's root, with slashes
 * @property {number} lines
 * @property {Import[]} imports what it imports of this project, each file once a kind
 * @property {number} spreads literals of objects and arrays that are spread into another one, into a call or an element
 * @property {string[]} borrowed `Pick`, `Omit` and `Parameters` in what it exports
 * @property {Set<string>} names what it declares: variables, parameters, functions, types, fields, and the values of unions
 * @property {string[]} texts strings and texts of pages in which two words follow each other
 *
 * @typedef {{ file: string, isType: boolean }} Import
 * @typedef {{ type: string, [field: string]: any }} Node of the syntax tree (ESTree with types)
 * @typedef {Map<string, Source>} Sources by file
 */

/**
 * Every production file below `src` of a project. Throws where one cannot be parsed.
 *
 * @param {string} root
 * @returns {Sources}
 */
export function readSources(root) {
  const files = globSync("src/**/*.{ts,tsx}", { cwd: root })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => !/\.test\.|\/(testing|testdata)\//.test(file))
    .sort();
  const known = new Set(files);
  const { imports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(root, file), "utf8");
      return [file, readSource(file, text, (specifier) => resolveImport(file, specifier, imports, known))];
    }),
  );
}

/**
 * @param {string} file
 * @param {string} text
 * @param {(specifier: string) => string | null} resolve answers with the file of this project that is imported
 * @returns {Source}
 */
export function readSource(file, text, resolve) {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`);
  const lines = text.split("\n").length - 1;
  /** @type {Source} */
  const source = {
    file,
    lines,
    imports: [],
    spreads: 0,
    borrowed: findBorrowed(program),
    names: new Set(),
    texts: [],
  };
  walk(program, (node, parent) => {
    const imported = findImport(node);
    const found = imported && resolve(imported.specifier);
    if (found) source.imports.push({ file: found, isType: imported.isType });
    if (isLiteralSpread(node)) source.spreads += 1;
    for (const name of findNames(node, parent)) source.names.add(name);
    const said = findText(node);
    if (said !== null && /\p{L}{2}[,;:]? \p{L}/u.test(said)) source.texts.push(said);
  });
  return source;
}

/**
 * Calls `visit` with a node and all below it, parents first; what `visit` answers `false` for is not entered.
 *
 * @param {unknown} node
 * @param {(node: Node, parent: Node | null) => boolean | void} visit
 * @param {Node | null} [parent]
 */
function walk(node, visit, parent = null) {
  if (Array.isArray(node)) for (const each of node) walk(each, visit, parent);
  if (!isNode(node) || visit(node, parent) === false) return;
  for (const field in node) if (typeof node[field] === "object") walk(node[field], visit, node);
}

/** @param {unknown} value @returns {value is Node} */
const isNode = (value) =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

/** @param {Node} node @returns {{ specifier: string, isType: boolean } | null} */
function findImport(node) {
  if (/^(Import|ExportNamed|ExportAll)Declaration$/.test(node.type) && node.source)
    return { specifier: node.source.value, isType: isTypeOnly(node) };
  if (node.type === "ImportExpression" && node.source.type === "Literal")
    return { specifier: node.source.value, isType: false };
  if (node.type === "TSImportType") return { specifier: node.source.value, isType: true };
  return null;
}

/** @param {Node} node an import, or an export from elsewhere */
function isTypeOnly({ importKind, exportKind, specifiers = [] }) {
  const isType = (/** @type {Node} */ one) => one.importKind === "type" || one.exportKind === "type";
  return isType({ type: "", importKind, exportKind }) || (specifiers.length > 0 && specifiers.every(isType));
}

/** @param {Node} node */
const isLiteralSpread = (node) =>
  /^(JSX)?Spread(Element|Attribute)$/.test(node.type) &&
  /^(Object|Array)Expression$/.test(withoutType(node.argument).type);

/** @param {Node} node @returns {Node} what an assertion of a type stands around */
const withoutType = (node) =>
  /^(TS(As|Satisfies|NonNull)|Parenthesized)Expression$/.test(node.type)
    ? withoutType(node.expression)
    : node;

const BORROWED = new Set(["Pick", "Omit", "Parameters"]);

/**
 * `Pick`, `Omit` and `Parameters` in what a file exports: its types, and what its functions take and answer. Bodies and
 * values are its own affair.
 *
 * @param {Node} program
 */
function findBorrowed(program) {
  /** @type {string[]} */
  const found = [];
  const visit = (/** @type {Node} */ { type, typeName, id, init }) => {
    if (type === "BlockStatement" || type === "PropertyDefinition") return false;
    if (type === "TSTypeReference" && BORROWED.has(typeName.name)) found.push(typeName.name);
    if (type !== "VariableDeclarator") return true;
    walk(
      [id, /Function/.test(init?.type) ? [init.typeParameters, init.params, init.returnType] : null],
      visit,
    );
    return false;
  };
  walk(findExported(program), visit);
  return found;
}

/** @param {Node} program @returns {Node[]} declarations that are exported, where they stand or by name */
function findExported({ body }) {
  /** @type {Node[]} */
  const statements = body;
  const exports = statements.filter(({ type }) => type === "ExportNamedDeclaration");
  const names = new Set(
    exports
      .filter(({ source }) => !source)
      .flatMap(({ specifiers }) => specifiers.map((/** @type {Node} */ { local }) => local.name)),
  );
  const isNamed = (/** @type {Node} */ { id }) => names.has(id?.name);
  const byName = statements.filter(
    (statement) => isNamed(statement) || statement.declarations?.some(isNamed),
  );
  return [...exports.map(({ declaration }) => declaration).filter(Boolean), ...byName];
}

/** What a node declares. @param {Node} node @param {Node | null} parent @returns {string[]} */
function findNames(node, parent) {
  const { type, id, params, param, key } = node;
  if (/^(TS(Property|Method)Signature|(Property|Method)Definition)$/.test(type)) return namesOf(key);
  if (type === "Property" && parent?.type === "ObjectExpression" && !node.shorthand) return namesOf(key);
  if (type === "TSLiteralType" && typeof node.literal.value === "string") return [node.literal.value];
  if (type === "CallExpression" && /^(literal|enum)$/.test(node.callee.property?.name))
    return node.arguments.flatMap(namesOf);
  if (type === "CatchClause") return namesOf(param);
  return [...namesOf(id), ...(Array.isArray(params) ? params.flatMap(namesOf) : [])];
}

/** The names in a pattern, a key or a list of values. @param {Node | null | undefined} node @returns {string[]} */
function namesOf(node) {
  if (!node) return [];
  if (node.type === "Identifier") return [node.name];
  if (node.type === "TSTypeParameter") return namesOf(node.name);
  if (node.type === "Literal") return typeof node.value === "string" ? [node.value] : [];
  if (node.type === "ObjectPattern")
    return node.properties.flatMap((/** @type {Node} */ one) => namesOf(one.value ?? one));
  if (node.type === "ArrayPattern" || node.type === "ArrayExpression") return node.elements.flatMap(namesOf);
  if (node.type === "AssignmentPattern") return namesOf(node.left);
  if (node.type === "RestElement") return namesOf(node.argument);
  if (node.type === "TSParameterProperty") return namesOf(node.parameter);
  return [];
}

/** @param {Node} node @returns {string | null} what a string, a template's part or a text of a page says */
function findText({ type, value }) {
  if (type === "Literal" || type === "JSXText") return typeof value === "string" ? value : null;
  return type === "TemplateElement" ? value.cooked : null;
}

/**
 * @param {string} from
 * @param {string} specifier
 * @param {Record<string, string>} aliases of package.json
 * @param {ReadonlySet<string>} known
 */
function resolveImport(from, specifier, aliases, known) {
  const [path = ""] = specifier.split("?");
  if (path.startsWith(".")) return pick(normalize(join(dirname(from), path)), known);
  for (const [alias, target] of Object.entries(aliases)) {
    if (alias === path) return pick(normalize(target), known);
    const [before = "", after] = alias.split("*");
    if (after === "" && path.startsWith(before))
      return pick(normalize(target.replace("*", path.slice(before.length))), known);
  }
  return null;
}

/** @param {string} path @param {ReadonlySet<string>} known */
const pick = (path, known) => (known.has(path.replaceAll("\\", "/")) ? path.replaceAll("\\", "/") : null);
