GRANT SELECT ON shop.* TO reports;
