"""The room of a video meeting: device check, lobby, pictures, chat."""
