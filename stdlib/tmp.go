package stdlib

func dataEntries() []Entry           { return nil }
func walkingEntries() []Entry        { return nil }
func outputEntries() []Entry         { return nil }
func failingEntries() []Entry        { return nil }
func statisticsEntries() []Entry     { return nil }
func transformationEntries() []Entry { return nil }
func modelEntries() []Entry          { return nil }
func rearviewEntries() []Entry       { return nil }
