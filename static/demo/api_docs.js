// Swagger UI over our own document.  What is tried out goes with the session and its CSRF token.
const place = document.getElementById('api');

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  requestInterceptor(request) {
    if (new URL(request.url, location.href).origin === location.origin) {
      request.headers['X-CSRFToken'] = place.dataset.token;
    }
    return request;
  },
});
