"""Who pays how much: what all teams pay, and the statement of one."""
