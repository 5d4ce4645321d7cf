declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  /** The options that are used here; https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/ has all. */
  interface SwaggerUIOptions {
    url: string;
    domNode: HTMLElement | null;
    /** null asks no validator on the network. */
    validatorUrl: null;
    deepLinking: boolean;
    tryItOutEnabled: boolean;
    /** 0 shows the schemas folded. */
    defaultModelsExpandDepth: number;
  }
  export default function SwaggerUI(options: SwaggerUIOptions): unknown;
}
