package metrics

func addPolicy(t table, s Sources) {
	loaded := t.scrapedGauge("brana_policy_loaded_timestamp_seconds",
		"When the policy in force was loaded.")
	failures := t.scrapedCounter("brana_policy_reload_failures_total",
		"Reloads that failed; the last good policy stayed.")
	grants := t.scrapedGauge("brana_policy_grants", "Grants in force.")
	rows := t.scrapedGauge("brana_policy_rows", "Rows of the matrix in force.")
	t.scrapedValue(loaded, s.PolicyLoaded)
	t.scrapedValue(failures, s.ReloadFailures)
	t.scrapedValue(grants, s.PolicyGrants)
	t.scrapedValue(rows, s.PolicyRows)
}

func addLog(t table, s Sources) {
	lost := t.scrapedCounter("brana_log_lines_lost_total",
		"Lines of the log that were lost: it was blocked and its buffer was full.")
	t.scrapedValue(lost, s.LinesLost)
}
