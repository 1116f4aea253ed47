"""tools/scenario: Cisco's note 116881, live, and each of its remedies."""
