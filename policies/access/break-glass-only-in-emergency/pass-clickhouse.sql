CREATE ROLE operator;
GRANT SELECT ON *.* TO operator;
GRANT operator TO ann;
