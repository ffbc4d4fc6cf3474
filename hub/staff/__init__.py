"""Staff records: training, assessments, rewards and sanctions, and figures for management (H2, H3, H4)."""
