package main

import "testing"

// The scenarios of brana audit report, refusals and export; see [TestAuditQueryScenarios].
func TestAuditSumsScenarios(t *testing.T) { auditScenarios(t, "testdata/auditsums", "audit") }
