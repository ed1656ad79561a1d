CREATE ROLE support;
GRANT ALTER USER ON *.* TO support;
CREATE USER ann IDENTIFIED WITH sha256_password BY 'x';
GRANT support TO ann;
