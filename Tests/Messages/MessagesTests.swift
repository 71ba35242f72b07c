import Testing
@testable import Messages
