-- Recommendations of an older version were all about a saving.
update actions.recommendation set about = 'saving';
