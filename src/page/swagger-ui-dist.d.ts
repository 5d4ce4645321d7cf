declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  /**
   * The options that this page uses. https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/ lists
   * all of them.
   */
  interface SwaggerUIOptions {
    url: string;
    domNode: HTMLElement | null;
    /** Address of a validator for the document; null turns validation off, and with it a request to another host. */
    validatorUrl: null;
    deepLinking: boolean;
    tryItOutEnabled: boolean;
    /** How many levels of the schemas are unfolded. */
    defaultModelsExpandDepth: number;
  }
  export default function SwaggerUI(options: SwaggerUIOptions): unknown;
}
