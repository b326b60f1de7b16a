package policy

// This file has the words of decisions in records.

// String returns the verdict as one word.
func (v Verdict) String() string {
	switch v {
	case ItemUnknown:
		return "item-unknown"
	case ItemNotPermitted:
		return "item-not-permitted"
	case NoItems:
		return "no-items"
	case ParameterNotPermitted:
		return "parameter-not-permitted"
	case RowUnavailable:
		return "row-unavailable"
	case Granted:
		return "granted"
	}
	return "not-granted"
}

// String returns the reason as one word, empty for NoReason.
func (r Reason) String() string {
	switch r {
	case AisMissing:
		return "ais-missing"
	case UnknownAgenda:
		return "unknown-agenda"
	case UnknownRole:
		return "unknown-role"
	case UnknownOvm:
		return "unknown-ovm"
	case UnknownAis:
		return "unknown-ais"
	case NotYetValid:
		return "not-yet-valid"
	case Expired:
		return "expired"
	case ServiceNotGranted:
		return "service-not-granted"
	}
	return ""
}

// Why returns one word for the reason: unknown (no item), input (a search input needs the
// item, which the row lacks), or what lacks the word: row, grant or both.
func (r *Refusal) Why() string {
	switch {
	case r.Unknown:
		return "unknown"
	case r.Input:
		return "input"
	case r.source == matrixOnly:
		return "row"
	case r.source == grantOnly:
		return "grant"
	}
	return "both"
}
