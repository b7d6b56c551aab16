package kernel_test

import "github.com/kizuna-org/kizuna/internal/processor"

var processorTime = processor.Time
