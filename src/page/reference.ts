import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js';

const dark = matchMedia('(prefers-color-scheme: dark)');

/** Swagger UI is dark where this class is. */
const followScheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches);

followScheme();
dark.addEventListener('change', followScheme);

/** The API's reference from the Worker's own OpenAPI document; nothing is asked of another host. */
SwaggerUI({
  url: '/openapi.json',
  domNode: document.getElementById('reference'),
  validatorUrl: null,
  deepLinking: true,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
});
