CREATE ROLE emergency;
GRANT ALL ON *.* TO emergency;
GRANT emergency TO ann;
