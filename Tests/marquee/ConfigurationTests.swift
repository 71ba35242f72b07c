// The configuration file: what it takes, what it refuses, and in which words.

import Testing

@testable import marquee

@Suite struct ConfigurationTests {}
