CREATE ROLE support;
GRANT SHOW USERS ON *.* TO support;
CREATE USER ann IDENTIFIED WITH sha256_password BY 'x';
GRANT support TO ann;
