"""A simulated province of two tiers, 2024–2026: departments and communes after the merger, case by case."""
