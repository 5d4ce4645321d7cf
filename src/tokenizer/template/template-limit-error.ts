/** A template asked for more than a rendering may take. The message goes on from "The chat template". */
export class TemplateLimitError extends Error {}
