FROM nginx:1.27.3
COPY --from=registry.example.com/certs \
     /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
USER 101
