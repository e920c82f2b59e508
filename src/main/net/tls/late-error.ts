/**
 * Hears the errors of a stream that is spent. Node 24 keeps whatever can be written to until old memory is collected, with
 * all that its listeners know; this one knows nothing.
 */
export const ignoreLateError = (): void => undefined;
